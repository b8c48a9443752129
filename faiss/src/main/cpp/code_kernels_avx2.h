// Kernels for codes in AVX2, with FMA and F16C. Nothing of the standard library is used here, see kernels_avx512.h.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "code_queries.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")

namespace imagesearch::avx2 {

template <size_t rows>
inline void some_byte_sums(const ByteQuery& query, const uint8_t* codes, int64_t* out) {
    // Each lane adds 2 * 32 products as 32 bits before they are widened: 64 * 255 * 16,256 fits.
    constexpr size_t block = 512;
    size_t d = query.dimension;
    size_t whole = d / 16 * 16;
    for (size_t row = 0; row < rows; row++) {
        out[row] = 0;
    }
    for (size_t from = 0; from < whole; from += block) {
        size_t to = from + block < whole ? from + block : whole;
        __m256i sums[rows];
        for (size_t row = 0; row < rows; row++) {
            sums[row] = _mm256_setzero_si256();
        }
        for (size_t j = from; j < to; j += 16) {
            __m256i weight = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(query.weights + j));
#pragma GCC unroll 4
            for (size_t row = 0; row < rows; row++) {
                const uint8_t* at = codes + row * d + j;
                if (j % 64 == 0) {
                    _mm_prefetch(reinterpret_cast<const char*>(at + code_bytes_ahead), _MM_HINT_T0);
                }
                __m256i code = _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
                sums[row] = _mm256_add_epi32(sums[row], _mm256_madd_epi16(code, weight));
            }
        }
        for (size_t row = 0; row < rows; row++) {
            __m256i wide = _mm256_add_epi64(
                    _mm256_cvtepi32_epi64(_mm256_castsi256_si128(sums[row])),
                    _mm256_cvtepi32_epi64(_mm256_extracti128_si256(sums[row], 1)));
            __m128i pair = _mm_add_epi64(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
            out[row] += _mm_cvtsi128_si64(pair) + _mm_extract_epi64(pair, 1);
        }
    }
    for (size_t j = whole; j < d; j++) {
        for (size_t row = 0; row < rows; row++) {
            out[row] += int64_t(codes[row * d + j]) * query.weights[j];
        }
    }
}

inline void byte_sums(const ByteQuery& query, const uint8_t* codes, size_t n, int64_t* out) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        some_byte_sums<4>(query, codes + i * query.dimension, out + i);
    }
    for (; i < n; i++) {
        some_byte_sums<1>(query, codes + i * query.dimension, out + i);
    }
}

inline float sum_of_lanes(__m256 values) {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(values), _mm256_extractf128_ps(values, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

template <size_t rows>
inline void some_half_products(const float* query, const uint8_t* codes, size_t d, float* out) {
    __m256 sums[rows];
    for (size_t row = 0; row < rows; row++) {
        sums[row] = _mm256_setzero_ps();
    }
    size_t whole = d / 8 * 8;
    for (size_t j = 0; j < whole; j += 8) {
        __m256 part = _mm256_loadu_ps(query + j);
#pragma GCC unroll 4
        for (size_t row = 0; row < rows; row++) {
            const uint8_t* at = codes + (row * d + j) * 2;
            if (j % 32 == 0) {
                _mm_prefetch(reinterpret_cast<const char*>(at + code_bytes_ahead), _MM_HINT_T0);
            }
            __m256 code = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)));
            sums[row] = _mm256_fmadd_ps(part, code, sums[row]);
        }
    }
    for (size_t row = 0; row < rows; row++) {
        out[row] = sum_of_lanes(sums[row]);
        for (size_t j = whole; j < d; j++) {
            const uint8_t* at = codes + (row * d + j) * 2;
            out[row] += query[j] * _cvtsh_ss(static_cast<uint16_t>(at[0] | at[1] << 8));
        }
    }
}

inline void half_products(const float* query, const uint8_t* codes, size_t n, size_t dimension, float* out) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        some_half_products<4>(query, codes + i * dimension * 2, dimension, out + i);
    }
    for (; i < n; i++) {
        some_half_products<1>(query, codes + i * dimension * 2, dimension, out + i);
    }
}

inline void product_table(const float* query, const float* codebooks, size_t parts, size_t part_dimension, float* table) {
    for (size_t m = 0; m < parts; m++) {
        for (size_t k = 0; k < product_entries; k += 32) {
            __m256 sums[4];
            for (size_t i = 0; i < 4; i++) {
                sums[i] = _mm256_setzero_ps();
            }
            for (size_t j = 0; j < part_dimension; j++) {
                __m256 value = _mm256_set1_ps(query[m * part_dimension + j]);
                const float* entries = codebooks + (j * parts + m) * product_entries + k;
#pragma GCC unroll 4
                for (size_t i = 0; i < 4; i++) {
                    sums[i] = _mm256_fmadd_ps(value, _mm256_loadu_ps(entries + 8 * i), sums[i]);
                }
            }
            for (size_t i = 0; i < 4; i++) {
                _mm256_storeu_ps(table + m * product_entries + k + 8 * i, sums[i]);
            }
        }
    }
}

} // namespace imagesearch::avx2

#pragma GCC pop_options

#endif
