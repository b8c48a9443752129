// Vectors that are as good as the same.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "kernels.h"

namespace imagesearch {

// Groups of vectors joined by chains of pairs whose inner product is at least `least`: of each vector, the first one of its group.
// Takes n * n / 2 products.
inline void groups_of_alike(const float* vectors, int64_t n, int32_t dimension, float least, int32_t* first) {
    std::iota(first, first + n, 0);
    auto root = [first](int32_t i) {
        while (first[i] != i) {
            first[i] = first[first[i]];
            i = first[i];
        }
        return i;
    };
    constexpr int64_t tile = Kernels::tile_queries;
    std::vector<float> products(tile * n);
    for (int64_t i = 0; i < n; i += tile) {
        const float* queries[tile];
        for (int64_t q = 0; q < tile; q++) {
            queries[q] = vectors + std::min(i + q, n - 1) * dimension;
        }
        int64_t rows = n - i;
        kernels().products_of_four(
                queries, reinterpret_cast<const uint8_t*>(vectors + i * dimension), rows, dimension, true, products.data(), rows);
        for (int64_t q = 0; q < std::min(tile, rows); q++) {
            for (int64_t r = q + 1; r < rows; r++) {
                if (products[q * rows + r] >= least) {
                    int32_t a = root(static_cast<int32_t>(i + q));
                    int32_t b = root(static_cast<int32_t>(i + r));
                    first[std::max(a, b)] = std::min(a, b);
                }
            }
        }
    }
    for (int32_t i = 0; i < n; i++) {
        first[i] = root(i);
    }
}

} // namespace imagesearch
