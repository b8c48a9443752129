// Kernels for codes in AVX-512 (F, BW, DQ, VL), the one for bytes with VNNI. Nothing of the standard library is used here, see
// kernels_avx512.h.
#pragma once

#if defined(__x86_64__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "code_queries.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")

namespace imagesearch::avx512 {

// The sums of four registers' lanes, in this order.
inline __m128i sums_of_lanes(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

inline __m128 sums_of_lanes(__m512 a, __m512 b, __m512 c, __m512 d) {
    __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    __m512d high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    __m512 all = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
    __m256 half = _mm256_add_ps(_mm512_castps512_ps256(all), _mm512_extractf32x8_ps(all, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
}

// Four codes, `stride` bytes apart.
inline void four_half_products(const float* query, const uint8_t* codes, size_t stride, size_t d, float* out) {
    __m512 sums[4];
    for (size_t row = 0; row < 4; row++) {
        sums[row] = _mm512_setzero_ps();
    }
    for (size_t j = 0; j < d; j += 16) {
        __mmask16 mask = d - j >= 16 ? 0xffff : static_cast<__mmask16>((1u << (d - j)) - 1);
        __m512 part = _mm512_maskz_loadu_ps(mask, query + j);
#pragma GCC unroll 4
        for (size_t row = 0; row < 4; row++) {
            const uint8_t* at = codes + row * stride + j * 2;
            if (j % 32 == 0) {
                _mm_prefetch(reinterpret_cast<const char*>(at + code_bytes_ahead), _MM_HINT_T0);
            }
            __m512 code = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, at));
            sums[row] = _mm512_fmadd_ps(part, code, sums[row]);
        }
    }
    _mm_storeu_ps(out, sums_of_lanes(sums[0], sums[1], sums[2], sums[3]));
}

inline void half_products(const float* query, const uint8_t* codes, size_t n, size_t dimension, float* out) {
    size_t bytes = dimension * 2;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        four_half_products(query, codes + i * bytes, bytes, dimension, out + i);
    }
    for (; i < n; i++) {
        float same[4];
        four_half_products(query, codes + i * bytes, 0, dimension, same);
        out[i] = same[0];
    }
}

} // namespace imagesearch::avx512

#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")

namespace imagesearch::avx512 {

// Four codes, `stride` bytes apart. 65,536 * 255 * 127, the largest sum of upper halves, fits 32 bits.
inline void four_byte_sums(const ByteQuery& query, const uint8_t* codes, size_t stride, int64_t* out) {
    size_t d = query.dimension;
    __m512i high[4], low[4];
    for (size_t row = 0; row < 4; row++) {
        high[row] = low[row] = _mm512_setzero_si512();
    }
    for (size_t j = 0; j < d; j += 64) {
        __mmask64 mask = d - j >= 64 ? ~__mmask64(0) : (__mmask64(1) << (d - j)) - 1;
        __m512i upper = _mm512_loadu_si512(query.high + j);
        __m512i lower = _mm512_loadu_si512(query.low + j);
#pragma GCC unroll 4
        for (size_t row = 0; row < 4; row++) {
            const uint8_t* at = codes + row * stride + j;
            _mm_prefetch(reinterpret_cast<const char*>(at + code_bytes_ahead), _MM_HINT_T0);
            __m512i code = _mm512_maskz_loadu_epi8(mask, at);
            high[row] = _mm512_dpbusd_epi32(high[row], code, upper);
            low[row] = _mm512_dpbusd_epi32(low[row], code, lower);
        }
    }
    __m256i upper = _mm256_cvtepi32_epi64(sums_of_lanes(high[0], high[1], high[2], high[3]));
    __m256i lower = _mm256_cvtepi32_epi64(sums_of_lanes(low[0], low[1], low[2], low[3]));
    static_assert(ByteQuery::half == 1 << 7);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_add_epi64(_mm256_slli_epi64(upper, 7), lower));
}

inline void byte_sums(const ByteQuery& query, const uint8_t* codes, size_t n, int64_t* out) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        four_byte_sums(query, codes + i * query.dimension, query.dimension, out + i);
    }
    for (; i < n; i++) {
        int64_t same[4];
        four_byte_sums(query, codes + i * query.dimension, 0, same);
        out[i] = same[0];
    }
}

} // namespace imagesearch::avx512

#pragma GCC pop_options

#endif
