// What scans are made of, for each instruction set: inner products of float32 rows, and which scores reach a threshold.
#pragma once

#include <cstddef>
#include <cstdint>

#include "combination.h"
#include "cpu.h"
#include "fetching.h"
#include "kernels_avx2.h"
#include "kernels_avx512.h"
#include "kernels_portable.h"

namespace imagesearch {

struct Kernels {
    // How many queries the second function takes.
    static constexpr size_t tile_queries = 4;

    // How many places beyond the last one at_least may write over.
    static constexpr size_t spare_places = 16;

    // The inner products of one query with n rows of `dimension` floats, at any address. What is read after the rows is fetched from
    // memory meanwhile.
    void (*products_of_one)(
            const float* query,
            const uint8_t* rows,
            size_t n,
            size_t dimension,
            Fetching fetching,
            float* out);

    // The same of four queries, float[4][stride]. The rows should be near: only the first call for them, with `far`, fetches ahead.
    // Every score has the bits that the other function gives.
    void (*products_of_four)(
            const float* const* queries,
            const uint8_t* rows,
            size_t n,
            size_t dimension,
            bool far,
            float* out,
            size_t stride);

    // Codes of 8 bits, cut into halves of 4 that stand apart: of 128 numbers each half has a block of 64 bytes, in which byte i has
    // that of number i in its lower four bits and that of number 64 + i in its upper ones. A code is 16 high + low - 128.
    static constexpr size_t half_block = 64;

    // The inner products of whole numbers with n rows of high halves, exact before they become floats. `half_bytes` are those of a row,
    // a multiple of half_block.
    void (*products_of_halves)(
            const int8_t* query,
            const uint8_t* high,
            size_t n,
            size_t half_bytes,
            Fetching fetching,
            float* out);

    // The same with n rows of high or of low halves that stand anywhere.
    void (*products_of_chosen)(
            const int8_t* query,
            const uint8_t* const* halves,
            size_t n,
            size_t half_bytes,
            float* out);

    // Bounds of scores by the products of high halves and what is kept of each row, float[n]; infinity where they are no numbers.
    void (*bound_codes)(
            const CodeWeights& weights,
            const float* products,
            const CodeNumbers* numbers,
            size_t n,
            float* out);

    // Bounds of scores by the products of sketches and what is kept of each, float[n]; infinity where they are no numbers.
    void (*bound_sketches)(
            const SketchWeights& weights,
            const float* products,
            const float* scales,
            const float* along,
            const float* lost,
            const float* rest,
            size_t n,
            float* out);

    // The places of the scores not below the threshold, ascending; returns how many. `places` has n + spare_places.
    size_t (*at_least)(const float* scores, size_t n, float threshold, uint32_t* places);

    // The sum of floats at any address, in no particular order: reads memory as plainly as can be.
    float (*sum)(const uint8_t* from, size_t floats);
};

namespace portable {

inline void products_of_one(
        const float* query,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        Fetching fetching,
        float* out) {
    products<1>(&query, rows, n, dimension, fetching, out, n);
}

inline void products_of_four(
        const float* const* queries,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        bool /* far */,
        float* out,
        size_t stride) {
    for (size_t q = 0; q < Kernels::tile_queries; q += 2) {
        products<2>(queries + q, rows, n, dimension, Fetching(), out + q * stride, stride);
    }
}

inline constexpr Kernels kernels = {products_of_one, products_of_four, products_of_halves, products_of_chosen, bound_codes, bound_sketches, at_least, sum_of_floats};

} // namespace portable

#if defined(__x86_64__)

#pragma GCC push_options
#pragma GCC target("avx2,fma,popcnt")

namespace avx2 {

inline void products_of_one(
        const float* query,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        Fetching fetching,
        float* out) {
    products<1, true>(&query, rows, n, dimension, fetching, out, n);
}

// Sixteen registers hold the sums of two queries with four rows.
inline void products_of_four(
        const float* const* queries,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        bool far,
        float* out,
        size_t stride) {
    if (far) {
        products<2, true>(queries, rows, n, dimension, Fetching(), out, stride);
    } else {
        products<2, false>(queries, rows, n, dimension, Fetching(), out, stride);
    }
    products<2, false>(queries + 2, rows, n, dimension, Fetching(), out + 2 * stride, stride);
}

inline constexpr Kernels kernels = {products_of_one, products_of_four, products_of_halves, products_of_chosen, bound_codes, bound_sketches, at_least, sum_of_floats};

} // namespace avx2

#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")

namespace avx512 {

inline void products_of_one(
        const float* query,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        Fetching fetching,
        float* out) {
    products<1, true>(&query, rows, n, dimension, fetching, out, n);
}

inline void products_of_four(
        const float* const* queries,
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        bool far,
        float* out,
        size_t stride) {
    if (far) {
        products<4, true>(queries, rows, n, dimension, Fetching(), out, stride);
    } else {
        products<4, false>(queries, rows, n, dimension, Fetching(), out, stride);
    }
}

inline constexpr Kernels kernels = {products_of_one, products_of_four, products_of_halves, products_of_chosen, bound_codes, bound_sketches, at_least, sum_of_floats};

} // namespace avx512

#pragma GCC pop_options

#endif

inline const Kernels& kernels() {
    switch (instruction_set()) {
#if defined(__x86_64__)
        case InstructionSet::avx512:
            return avx512::kernels;
        case InstructionSet::avx2:
            return avx2::kernels;
#endif
        default:
            return portable::kernels;
    }
}

} // namespace imagesearch
