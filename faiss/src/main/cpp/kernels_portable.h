// Kernels in plain C++, with the vectors of four that every 64-bit processor has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "combination.h"
#include "fetching.h"

namespace imagesearch::portable {

using Lanes = float __attribute__((vector_size(16)));

// Lists of mapped files stand at odd addresses: nothing may be assumed about where floats begin.
inline Lanes load(const uint8_t* from) {
    Lanes lanes;
    std::memcpy(&lanes, from, sizeof(lanes));
    return lanes;
}

inline Lanes load_some(const uint8_t* from, size_t floats) {
    Lanes lanes = {0, 0, 0, 0};
    std::memcpy(&lanes, from, floats * sizeof(float));
    return lanes;
}

inline float sum(Lanes lanes) {
    return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// Each product has sums of its own, always the same ones: a score does not depend on what is computed beside it.
template <size_t queries, size_t rows>
inline void tile(const float* const* query, const uint8_t* row, size_t dimension, float* out, size_t stride) {
    Lanes even[queries][rows] = {};
    Lanes odd[queries][rows] = {};
    size_t row_bytes = dimension * sizeof(float);
    size_t i = 0;
    for (; i + 8 <= dimension; i += 8) {
        for (size_t r = 0; r < rows; r++) {
            const uint8_t* at = row + r * row_bytes + i * sizeof(float);
            for (size_t q = 0; q < queries; q++) {
                const auto* with = reinterpret_cast<const uint8_t*>(query[q] + i);
                even[q][r] += load(at) * load(with);
                odd[q][r] += load(at + 16) * load(with + 16);
            }
        }
    }
    for (; i < dimension; i += 4) {
        size_t floats = dimension - i < 4 ? dimension - i : 4;
        for (size_t r = 0; r < rows; r++) {
            Lanes lanes = load_some(row + r * row_bytes + i * sizeof(float), floats);
            for (size_t q = 0; q < queries; q++) {
                even[q][r] += lanes * load_some(reinterpret_cast<const uint8_t*>(query[q] + i), floats);
            }
        }
    }
    for (size_t q = 0; q < queries; q++) {
        for (size_t r = 0; r < rows; r++) {
            out[q * stride + r] = sum(even[q][r] + odd[q][r]);
        }
    }
}

template <size_t queries>
inline void products(
        const float* const* query,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        Fetching fetching,
        float* out,
        size_t stride) {
    size_t row_bytes = dimension * sizeof(float);
    size_t i = 0;
    for (; i + 2 <= n; i += 2) {
        __builtin_prefetch(fetching.from(rows + (i + 4) * row_bytes));
        tile<queries, 2>(query, rows + i * row_bytes, dimension, out + i, stride);
    }
    if (i < n) {
        tile<queries, 1>(query, rows + i * row_bytes, dimension, out + i, stride);
    }
}

inline float sum_of_floats(const uint8_t* from, size_t floats) {
    Lanes sums[4] = {};
    size_t i = 0;
    for (; i + 16 <= floats; i += 16) {
        for (size_t part = 0; part < 4; part++) {
            sums[part] += load(from + (i + 4 * part) * sizeof(float));
        }
    }
    float total = sum((sums[0] + sums[1]) + (sums[2] + sums[3]));
    for (; i < floats; i++) {
        total += load_some(from + i * sizeof(float), 1)[0];
    }
    return total;
}

inline size_t at_least(const float* scores, size_t n, float threshold, uint32_t* places) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        places[kept] = static_cast<uint32_t>(i);
        kept += scores[i] >= threshold;
    }
    return kept;
}

inline float product_of_halves(const int8_t* query, const uint8_t* halves, size_t half_bytes) {
    int32_t sum = 0;
    for (size_t block = 0; block < half_bytes; block += 64) {
        for (size_t j = block; j < block + 64; j++) {
            sum += query[block + j] * (halves[j] & 15) + query[block + j + 64] * (halves[j] >> 4);
        }
    }
    return static_cast<float>(sum);
}

inline void products_of_halves(
        const int8_t* query,
        const uint8_t* high,
        size_t n,
        size_t half_bytes,
        Fetching /* fetching */,
        float* out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = product_of_halves(query, high + i * half_bytes, half_bytes);
    }
}

inline void products_of_chosen(
        const int8_t* query,
        const uint8_t* const* halves,
        size_t n,
        size_t half_bytes,
        float* out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = product_of_halves(query, halves[i], half_bytes);
    }
}

inline void bound_codes(
        const CodeWeights& weights,
        const float* products,
        const CodeNumbers* numbers,
        size_t n,
        float* out) {
    bounds_of_codes(weights, products, numbers, n, out);
}

inline void bound_sketches(
        const SketchWeights& weights,
        const float* products,
        const float* scales,
        const float* along,
        const float* lost,
        const float* rest,
        size_t n,
        float* out) {
    for (size_t i = 0; i < n; i++) {
        float decoded = (16 * products[i] - weights.offset) * (scales[i] * weights.unit);
        float bound = weights.fixed + along[i] * weights.along + decoded + lost[i] * weights.lost + rest[i] * weights.rest;
        out[i] = bound == bound ? bound : std::numeric_limits<float>::infinity();
    }
}

} // namespace imagesearch::portable
