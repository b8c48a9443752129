// Kernels in AVX2 with FMA. As in AVX-512, nothing of the standard library is used here.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "combination.h"
#include "fetching.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma,popcnt")

namespace imagesearch::avx2 {

inline __m128 halves_added(__m256 lanes) {
    return _mm_add_ps(_mm256_castps256_ps128(lanes), _mm256_extractf128_ps(lanes, 1));
}

// The sums of four accumulators.
inline __m128 sums(__m256 a, __m256 b, __m256 c, __m256 d) {
    return _mm_hadd_ps(
            _mm_hadd_ps(halves_added(a), halves_added(b)), _mm_hadd_ps(halves_added(c), halves_added(d)));
}

inline __m256 load(const uint8_t* from) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(from));
}

inline __m256 load_some(const uint8_t* from, __m256i mask) {
    return _mm256_maskload_ps(reinterpret_cast<const float*>(from), mask);
}

inline __m256i first_lanes(size_t n) {
    const __m256i numbers = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), numbers);
}

// As avx512::four_rows. Each product has one accumulator, so that single rows and tiles give the same bits.
template <size_t queries, bool prefetch>
inline void four_rows(
        const float* const* query,
        const uint8_t* const* rows,
        size_t dimension,
        const FourFetched& fetched,
        float* out,
        size_t stride) {
    __m256 sum[queries][4];
    for (size_t q = 0; q < queries; q++) {
        for (size_t r = 0; r < 4; r++) {
            sum[q][r] = _mm256_setzero_ps();
        }
    }
    size_t i = 0;
    for (; i + 8 <= dimension; i += 8) {
        __m256 with[queries];
#pragma GCC unroll 4
        for (size_t q = 0; q < queries; q++) {
            with[q] = _mm256_loadu_ps(query[q] + i);
        }
#pragma GCC unroll 4
        for (size_t r = 0; r < 4; r++) {
            __m256 row = load(rows[r] + i * sizeof(float));
            // A step is half a line.
            if (prefetch && i % 16 == 0) {
                _mm_prefetch(reinterpret_cast<const char*>(fetched.rows[r] + i * sizeof(float)), _MM_HINT_T0);
            }
#pragma GCC unroll 4
            for (size_t q = 0; q < queries; q++) {
                sum[q][r] = _mm256_fmadd_ps(row, with[q], sum[q][r]);
            }
        }
    }
    if (i < dimension) {
        __m256i rest = first_lanes(dimension - i);
        for (size_t q = 0; q < queries; q++) {
            __m256 with = _mm256_maskload_ps(query[q] + i, rest);
            for (size_t r = 0; r < 4; r++) {
                __m256 row = load_some(rows[r] + i * sizeof(float), rest);
                sum[q][r] = _mm256_fmadd_ps(row, with, sum[q][r]);
            }
        }
    }
#pragma GCC unroll 4
    for (size_t q = 0; q < queries; q++) {
        _mm_storeu_ps(out + q * stride, sums(sum[q][0], sum[q][1], sum[q][2], sum[q][3]));
    }
}

template <size_t queries, bool prefetch>
inline void products(
        const float* const* query,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        Fetching fetching,
        float* out,
        size_t stride) {
    size_t row_bytes = dimension * sizeof(float);
    size_t ahead = Fetching::bytes_ahead(row_bytes, n);
    auto row_at = [=](size_t i) { return rows + i * row_bytes; };
    in_fours(n, row_at, [&](const uint8_t* const* four, size_t first, size_t count) {
        FourFetched fetched(fetching, four, ahead);
        if (count == 4) {
            four_rows<queries, prefetch>(query, four, dimension, fetched, out + first, stride);
            return;
        }
        float few[queries * 4];
        four_rows<queries, prefetch>(query, four, dimension, fetched, few, 4);
        for (size_t q = 0; q < queries; q++) {
            for (size_t r = 0; r < count; r++) {
                out[q * stride + r] = few[q * 4 + r];
            }
        }
    });
}

inline int32_t sum_of(__m256i lanes) {
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    half = _mm_hadd_epi32(half, half);
    return _mm_cvtsi128_si32(_mm_hadd_epi32(half, half));
}

// Sums of two products of 4 by 8 bits fit 16 bits eight times over.
inline void four_rows_of_halves(
        const int8_t* query,
        const uint8_t* const* rows,
        size_t half_bytes,
        const FourFetched* fetched,
        float* out) {
    const __m256i four_bits = _mm256_set1_epi8(15);
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i sum[4];
    for (size_t r = 0; r < 4; r++) {
        sum[r] = _mm256_setzero_si256();
    }
    for (size_t i = 0; i < half_bytes; i += 32) {
        // Of a block of 64 bytes, the first half and then the second.
        const int8_t* at = query + i / 64 * 128 + i % 64;
        __m256i with_first = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        __m256i with_second = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 64));
#pragma GCC unroll 4
        for (size_t r = 0; r < 4; r++) {
            __m256i both = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[r] + i));
            __m256i first = _mm256_and_si256(both, four_bits);
            __m256i second = _mm256_and_si256(_mm256_srli_epi16(both, 4), four_bits);
            __m256i products = _mm256_add_epi16(
                    _mm256_maddubs_epi16(first, with_first), _mm256_maddubs_epi16(second, with_second));
            sum[r] = _mm256_add_epi32(sum[r], _mm256_madd_epi16(products, ones));
            if (fetched != nullptr && i % 64 == 0) {
                _mm_prefetch(reinterpret_cast<const char*>(fetched->rows[r] + i), _MM_HINT_T0);
            }
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < 4; r++) {
        out[r] = static_cast<float>(sum_of(sum[r]));
    }
}

inline void products_of_halves(
        const int8_t* query,
        const uint8_t* high,
        size_t n,
        size_t half_bytes,
        Fetching fetching,
        float* out) {
    auto row_at = [=](size_t i) { return high + i * half_bytes; };
    auto score = [=](const uint8_t* const* rows, const FourFetched* fetched, float* to) {
        four_rows_of_halves(query, rows, half_bytes, fetched, to);
    };
    score_in_fours(n, half_bytes, row_at, &fetching, score, out);
}

inline void products_of_chosen(
        const int8_t* query,
        const uint8_t* const* halves,
        size_t n,
        size_t half_bytes,
        float* out) {
    auto row_at = [=](size_t i) { return halves[i]; };
    auto score = [=](const uint8_t* const* rows, const FourFetched*, float* to) {
        four_rows_of_halves(query, rows, half_bytes, nullptr, to);
    };
    score_in_fours(n, half_bytes, row_at, nullptr, score, out);
}

inline float sum_of_floats(const uint8_t* from, size_t floats) {
    __m256 part[4];
    for (size_t p = 0; p < 4; p++) {
        part[p] = _mm256_setzero_ps();
    }
    size_t i = 0;
    for (; i + 32 <= floats; i += 32) {
#pragma GCC unroll 4
        for (size_t p = 0; p < 4; p++) {
            part[p] = _mm256_add_ps(part[p], load(from + (i + 8 * p) * sizeof(float)));
        }
    }
    for (; i < floats; i += 8) {
        __m256i within = first_lanes(floats - i < 8 ? floats - i : 8);
        part[0] = _mm256_add_ps(part[0], load_some(from + i * sizeof(float), within));
    }
    __m256 sum = _mm256_add_ps(_mm256_add_ps(part[0], part[1]), _mm256_add_ps(part[2], part[3]));
    return _mm_cvtss_f32(sums(sum, sum, sum, sum));
}

inline size_t at_least(const float* scores, size_t n, float threshold, uint32_t* places) {
    const __m256 least = _mm256_set1_ps(threshold);
    size_t kept = 0;
    for (size_t i = 0; i < n; i += 8) {
        __m256i within = first_lanes(n - i < 8 ? n - i : 8);
        __m256 above = _mm256_cmp_ps(_mm256_maskload_ps(scores + i, within), least, _CMP_GE_OQ);
        auto mask = static_cast<unsigned>(_mm256_movemask_ps(_mm256_and_ps(above, _mm256_castsi256_ps(within))));
        for (; mask != 0; mask &= mask - 1) {
            places[kept++] = static_cast<uint32_t>(i) + static_cast<uint32_t>(__builtin_ctz(mask));
        }
    }
    return kept;
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
    const __m256 infinity = _mm256_set1_ps(__builtin_inff());
    const __m256 sixteen = _mm256_set1_ps(16);
    const __m256 offset = _mm256_set1_ps(weights.offset);
    const __m256 unit = _mm256_set1_ps(weights.unit);
    const __m256 by_along = _mm256_set1_ps(weights.along);
    const __m256 by_lost = _mm256_set1_ps(weights.lost);
    const __m256 by_rest = _mm256_set1_ps(weights.rest);
    const __m256 fixed = _mm256_set1_ps(weights.fixed);
    for (size_t i = 0; i < n; i += 8) {
        __m256i within = first_lanes(n - i < 8 ? n - i : 8);
        __m256 bound = _mm256_fmadd_ps(_mm256_maskload_ps(along + i, within), by_along, fixed);
        bound = _mm256_fmadd_ps(_mm256_maskload_ps(lost + i, within), by_lost, bound);
        bound = _mm256_fmadd_ps(_mm256_maskload_ps(rest + i, within), by_rest, bound);
        __m256 product = _mm256_fmsub_ps(_mm256_maskload_ps(products + i, within), sixteen, offset);
        bound = _mm256_fmadd_ps(product, _mm256_mul_ps(_mm256_maskload_ps(scales + i, within), unit), bound);
        bound = _mm256_blendv_ps(bound, infinity, _mm256_cmp_ps(bound, bound, _CMP_UNORD_Q));
        _mm256_maskstore_ps(out + i, within, bound);
    }
}

} // namespace imagesearch::avx2

#pragma GCC pop_options

#endif
