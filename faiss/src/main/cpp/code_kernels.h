// What scans of codes are made of, for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "code_kernels_avx2.h"
#include "code_kernels_avx512.h"
#include "code_kernels_portable.h"
#include "cpu.h"

namespace imagesearch {

struct CodeKernels {
    // The sums of the products of n codes' bytes with the weights: whole numbers, so the same with every instruction set.
    void (*byte_sums)(const ByteQuery& query, const uint8_t* codes, size_t n, int64_t* out);

    // The inner products of a query with n rows of half floats, at any address.
    void (*half_products)(const float* query, const uint8_t* codes, size_t n, size_t dimension, float* out);

    // float[parts][256]: the inner products of each part of a query with each entry of its codebook. Codebooks are laid out
    // [dimension in part][part][entry], as Faiss transposes them.
    void (*product_table)(
            const float* query, const float* codebooks, size_t parts, size_t part_dimension, float* table);
};

inline CodeKernels code_kernels() {
    CodeKernels kernels = {portable::byte_sums, portable::half_products, portable::product_table};
#if defined(__x86_64__)
    InstructionSet set = instruction_set();
    if (set >= InstructionSet::avx2) {
        kernels.byte_sums = avx2::byte_sums;
        kernels.product_table = avx2::product_table;
        if (__builtin_cpu_supports("f16c")) {
            kernels.half_products = avx2::half_products;
        }
    }
    if (set >= InstructionSet::avx512) {
        kernels.half_products = avx512::half_products;
        // The first processors with AVX-512 have no VNNI.
        if (__builtin_cpu_supports("avx512vnni")) {
            kernels.byte_sums = avx512::byte_sums;
        }
    }
#endif
    return kernels;
}

} // namespace imagesearch
