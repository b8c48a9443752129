// Kernels for codes in plain C++, which the compiler turns into SSE2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "code_queries.h"

namespace imagesearch::portable {

inline void byte_sums(const ByteQuery& query, const uint8_t* codes, size_t n, int64_t* out) {
    // Products added as 32 bits before they are widened: 128 * 255 * 16,256 fits.
    constexpr size_t block = 128;
    size_t d = query.dimension;
    for (size_t i = 0; i < n; i++) {
        const uint8_t* code = codes + i * d;
        int64_t sum = 0;
        for (size_t from = 0; from < d; from += block) {
            size_t to = from + block < d ? from + block : d;
            int32_t part = 0;
            for (size_t j = from; j < to; j++) {
                part += int32_t(code[j]) * query.weights[j];
            }
            sum += part;
        }
        out[i] = sum;
    }
}

// IEEE 754 binary16 to binary32.
inline float half_to_float(uint16_t half) {
    uint32_t sign = uint32_t(half & 0x8000) << 16;
    uint32_t magnitude = half & 0x7fff;
    if (magnitude < 0x400) { // zero and subnormal: a multiple of 2^-24
        float value = static_cast<float>(magnitude) * (1.0f / (1 << 24));
        return sign != 0 ? -value : value;
    }
    uint32_t exponent_shift = magnitude >= 0x7c00 ? 255 - 31 : 127 - 15; // infinity and NaN stay so
    uint32_t bits = sign | ((magnitude << 13) + (exponent_shift << 23));
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

inline void half_products(const float* query, const uint8_t* codes, size_t n, size_t dimension, float* out) {
    for (size_t i = 0; i < n; i++) {
        float sums[4] = {0, 0, 0, 0};
        for (size_t j = 0; j < dimension; j++) {
            uint16_t half;
            std::memcpy(&half, codes + (i * dimension + j) * sizeof(half), sizeof(half));
            sums[j % 4] += query[j] * half_to_float(half);
        }
        out[i] = sums[0] + sums[1] + (sums[2] + sums[3]);
    }
}

inline void product_table(const float* query, const float* codebooks, size_t parts, size_t part_dimension, float* table) {
    for (size_t m = 0; m < parts; m++) {
        float* row = table + m * product_entries;
        for (size_t k = 0; k < product_entries; k++) {
            row[k] = 0;
        }
        for (size_t j = 0; j < part_dimension; j++) {
            float value = query[m * part_dimension + j];
            const float* entries = codebooks + (j * parts + m) * product_entries;
            for (size_t k = 0; k < product_entries; k++) {
                row[k] += value * entries[k];
            }
        }
    }
}

} // namespace imagesearch::portable
