// Kernels in AVX-512 (F, BW, DQ, VL). Nothing of the standard library is used here: code that the compiler shares between
// translation units must not be compiled for a processor that may not be there.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "combination.h"
#include "fetching.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")

namespace imagesearch::avx512 {

inline __m128 quarters_added(__m512 lanes) {
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(lanes), _mm512_extractf32x8_ps(lanes, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

// The sums of four accumulators.
inline __m128 sums(__m512 a, __m512 b, __m512 c, __m512 d) {
    return _mm_hadd_ps(
            _mm_hadd_ps(quarters_added(a), quarters_added(b)), _mm_hadd_ps(quarters_added(c), quarters_added(d)));
}

// Inner products of some queries with four rows. Each product has a sum of its own, always the same one: a score does not
// depend on what is computed beside it.
template <size_t queries, bool prefetch>
inline void four_rows(
        const float* const* query,
        const uint8_t* const* rows,
        size_t dimension,
        const FourFetched& fetched,
        float* out,
        size_t stride) {
    __m512 sum[queries][4];
    for (size_t q = 0; q < queries; q++) {
        for (size_t r = 0; r < 4; r++) {
            sum[q][r] = _mm512_setzero_ps();
        }
    }
    size_t i = 0;
    for (; i + 16 <= dimension; i += 16) {
        __m512 row[4];
#pragma GCC unroll 4
        for (size_t r = 0; r < 4; r++) {
            row[r] = _mm512_loadu_ps(rows[r] + i * sizeof(float));
            if (prefetch) {
                _mm_prefetch(reinterpret_cast<const char*>(fetched.rows[r] + i * sizeof(float)), _MM_HINT_T0);
            }
        }
#pragma GCC unroll 4
        for (size_t q = 0; q < queries; q++) {
            __m512 with = _mm512_loadu_ps(query[q] + i);
#pragma GCC unroll 4
            for (size_t r = 0; r < 4; r++) {
                sum[q][r] = _mm512_fmadd_ps(row[r], with, sum[q][r]);
            }
        }
    }
    if (i < dimension) {
        auto rest = static_cast<__mmask16>((1u << (dimension - i)) - 1);
        for (size_t q = 0; q < queries; q++) {
            __m512 with = _mm512_maskz_loadu_ps(rest, query[q] + i);
            for (size_t r = 0; r < 4; r++) {
                __m512 row = _mm512_maskz_loadu_ps(rest, rows[r] + i * sizeof(float));
                sum[q][r] = _mm512_fmadd_ps(row, with, sum[q][r]);
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

inline __m128i integer_quarters_added(__m512i lanes) {
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(lanes), _mm512_extracti32x8_epi32(lanes, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

inline __m128i integer_sums(__m512i a, __m512i b, __m512i c, __m512i d) {
    return _mm_hadd_epi32(
            _mm_hadd_epi32(integer_quarters_added(a), integer_quarters_added(b)),
            _mm_hadd_epi32(integer_quarters_added(c), integer_quarters_added(d)));
}

// The products of a row with 64 bytes of high halves. Sums of two products of 4 by 8 bits fit 16 bits eight times over.
inline __m512i product_of_block(const int8_t* query, const uint8_t* high) {
    const __m512i four_bits = _mm512_set1_epi8(15);
    __m512i both = _mm512_loadu_si512(high);
    __m512i first = _mm512_and_si512(both, four_bits);
    __m512i second = _mm512_and_si512(_mm512_srli_epi16(both, 4), four_bits);
    return _mm512_add_epi16(
            _mm512_maddubs_epi16(first, _mm512_loadu_si512(query)),
            _mm512_maddubs_epi16(second, _mm512_loadu_si512(query + 64)));
}

inline void four_rows_of_halves(
        const int8_t* query,
        const uint8_t* const* rows,
        size_t half_bytes,
        const FourFetched* fetched,
        float* out) {
    const __m512i ones = _mm512_set1_epi16(1);
    __m512i sum[4];
    for (size_t r = 0; r < 4; r++) {
        sum[r] = _mm512_setzero_si512();
    }
    for (size_t begin = 0; begin < half_bytes; begin += 256) {
        size_t end = begin + 256 < half_bytes ? begin + 256 : half_bytes;
        __m512i part[4];
        for (size_t r = 0; r < 4; r++) {
            part[r] = _mm512_setzero_si512();
        }
        for (size_t i = begin; i < end; i += 64) {
#pragma GCC unroll 4
            for (size_t r = 0; r < 4; r++) {
                part[r] = _mm512_add_epi16(part[r], product_of_block(query + 2 * i, rows[r] + i));
                if (fetched != nullptr) {
                    _mm_prefetch(reinterpret_cast<const char*>(fetched->rows[r] + i), _MM_HINT_T0);
                }
            }
        }
#pragma GCC unroll 4
        for (size_t r = 0; r < 4; r++) {
            sum[r] = _mm512_add_epi32(sum[r], _mm512_madd_epi16(part[r], ones));
        }
    }
    _mm_storeu_ps(out, _mm_cvtepi32_ps(integer_sums(sum[0], sum[1], sum[2], sum[3])));
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
    __m512 part[4];
    for (size_t p = 0; p < 4; p++) {
        part[p] = _mm512_setzero_ps();
    }
    size_t i = 0;
    for (; i + 64 <= floats; i += 64) {
#pragma GCC unroll 4
        for (size_t p = 0; p < 4; p++) {
            part[p] = _mm512_add_ps(part[p], _mm512_loadu_ps(from + (i + 16 * p) * sizeof(float)));
        }
    }
    for (; i < floats; i += 16) {
        auto within = static_cast<__mmask16>(floats - i < 16 ? (1u << (floats - i)) - 1 : 0xffff);
        part[0] = _mm512_add_ps(part[0], _mm512_maskz_loadu_ps(within, from + i * sizeof(float)));
    }
    return _mm512_reduce_add_ps(_mm512_add_ps(_mm512_add_ps(part[0], part[1]), _mm512_add_ps(part[2], part[3])));
}

inline size_t at_least(const float* scores, size_t n, float threshold, uint32_t* places) {
    const __m512 least = _mm512_set1_ps(threshold);
    const __m512i step = _mm512_set1_epi32(16);
    __m512i numbers = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t kept = 0;
    for (size_t i = 0; i < n; i += 16) {
        auto within = static_cast<__mmask16>(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);
        __mmask16 mask = _mm512_mask_cmp_ps_mask(within, _mm512_maskz_loadu_ps(within, scores + i), least, _CMP_GE_OQ);
        if (mask != 0) {
            // Compressed in a register: some processors take hundreds of cycles to compress into memory.
            _mm512_storeu_si512(places + kept, _mm512_maskz_compress_epi32(mask, numbers));
            kept += static_cast<size_t>(__builtin_popcount(mask));
        }
        numbers = _mm512_add_epi32(numbers, step);
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
    const __m512 infinity = _mm512_set1_ps(__builtin_inff());
    const __m512 sixteen = _mm512_set1_ps(16);
    const __m512 offset = _mm512_set1_ps(weights.offset);
    const __m512 unit = _mm512_set1_ps(weights.unit);
    const __m512 by_along = _mm512_set1_ps(weights.along);
    const __m512 by_lost = _mm512_set1_ps(weights.lost);
    const __m512 by_rest = _mm512_set1_ps(weights.rest);
    const __m512 fixed = _mm512_set1_ps(weights.fixed);
    for (size_t i = 0; i < n; i += 16) {
        auto within = static_cast<__mmask16>(n - i < 16 ? (1u << (n - i)) - 1 : 0xffff);
        __m512 bound = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(within, along + i), by_along, fixed);
        bound = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(within, lost + i), by_lost, bound);
        bound = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(within, rest + i), by_rest, bound);
        __m512 product = _mm512_fmsub_ps(_mm512_maskz_loadu_ps(within, products + i), sixteen, offset);
        bound = _mm512_fmadd_ps(product, _mm512_mul_ps(_mm512_maskz_loadu_ps(within, scales + i), unit), bound);
        bound = _mm512_mask_mov_ps(bound, _mm512_cmp_ps_mask(bound, bound, _CMP_UNORD_Q), infinity);
        _mm512_mask_storeu_ps(out + i, within, bound);
    }
}

} // namespace imagesearch::avx512

#pragma GCC pop_options

#endif
