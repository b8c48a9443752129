// The screen of an index: of each list a copy in bytes.
#pragma once

#include <faiss/IndexFlat.h>
#include <faiss/invlists/InvertedLists.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "basis.h"
#include "large_pages.h"
#include "screen.h"

namespace imagesearch {

class ListScreen {
public:
    // Reads all lists once.
    ListScreen(const faiss::InvertedLists& lists, const faiss::IndexFlat& centroids)
            : basis_(Basis::of(centroids.get_xb(), centroids.ntotal, centroids.d)), memory(bytes_of(lists, centroids.d)),
              rows(lists.nlist) {
        size_t dimension = centroids.d;
        size_t at = 0;
        for (size_t list = 0; list < lists.nlist; list++) {
            size_t n = lists.list_size(list);
            if (n > 0) {
                faiss::InvertedLists::ScopedCodes codes(&lists, list);
                RowScreener screener(centroids.get_xb() + list * dimension, dimension, basis_.get());
                rows[list] = screener.screen(codes.get(), n, memory.data() + at);
                at += screen_bytes(n, dimension, true);
            }
        }
    }

    // That of the centroids: the same object for all indexes that have them.
    const Basis& basis() const {
        return *basis_;
    }

    const ScreenedRows& list(int64_t list) const {
        return rows[list];
    }

    size_t bytes() const {
        return memory.bytes() + rows.size() * sizeof(ScreenedRows);
    }

private:
    static size_t bytes_of(const faiss::InvertedLists& lists, size_t dimension) {
        size_t bytes = 0;
        for (size_t list = 0; list < lists.nlist; list++) {
            bytes += screen_bytes(lists.list_size(list), dimension, true);
        }
        return bytes;
    }

    const std::shared_ptr<const Basis> basis_;
    LargePages memory;
    std::vector<ScreenedRows> rows;
};

} // namespace imagesearch
