// Reading lists and nothing else: what a scan can at best reach.
#pragma once

#include <faiss/invlists/InvertedLists.h>

#include <cstddef>
#include <cstdint>

#include "index.h"
#include "kernels.h"

namespace imagesearch {

// Adds up the floats of the codes of lists, and returns the bytes read. The sum goes to `sum`, so that no compiler leaves it out.
inline int64_t ivf_read_lists(int64_t handle, const int64_t* lists, int64_t n, float* sum) {
    const faiss::InvertedLists& inverted = *ivf(handle)->invlists;
    auto sum_of = kernels().sum;
    int64_t bytes = 0;
    for (int64_t i = 0; i < n; i++) {
        size_t size = inverted.list_size(lists[i]) * inverted.code_size;
        if (size > 0) {
            faiss::InvertedLists::ScopedCodes codes(&inverted, lists[i]);
            *sum += sum_of(codes.get(), size / sizeof(float));
            bytes += static_cast<int64_t>(size);
        }
    }
    return bytes;
}

} // namespace imagesearch
