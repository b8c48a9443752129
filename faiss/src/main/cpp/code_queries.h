// What kernels for codes know of a query. Plain numbers: kernels are compiled for processors that may not be there, and share no
// code of the standard library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace imagesearch {

// A query against bytes, one weight per dimension. Behind the last dimension, all arrays go on with zeros up to a multiple of 64.
struct ByteQuery {
    // weight = high * 128 + low, with high in -127..127 and low in -64..64.
    static constexpr int half = 128;
    static constexpr int largest_weight = 127 * half;
    static constexpr size_t padding = 64;

    size_t dimension;
    const int16_t* weights;
    const int8_t* high;
    const int8_t* low;
};

// Product quantizers of 8 bits: entries of a codebook.
inline constexpr size_t product_entries = 256;

// How far behind the codes that are scored memory is fetched. Beyond a list that fetches in vain, but never fails.
inline constexpr size_t code_bytes_ahead = 4096;

} // namespace imagesearch
