// Inverted lists that were read from a file, in memory of large pages. Faiss's own are vectors of their own, list by list, on
// small pages, through which a scan is a tenth slower.
#pragma once

#include <faiss/invlists/InvertedLists.h>
#include <faiss/invlists/OnDiskInvertedLists.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "large_pages.h"
#include "scan.h"

namespace imagesearch {

// They do not change. The codes of a list begin where a cache line does.
class MemoryLists final : public faiss::InvertedLists {
public:
    // Reads what the other lists map of a file.
    MemoryLists(const faiss::OnDiskInvertedLists& mapped, const char* path)
            : InvertedLists(mapped.nlist, mapped.code_size), lists(mapped.nlist), memory(place(mapped)) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            throw std::runtime_error(std::string("cannot open it: ") + std::strerror(errno));
        }
        try {
            for (size_t i = 0; i < nlist; i++) {
                size_t from = mapped.lists[i].offset;
                size_t bytes = lists[i].size * code_size;
                read(file, from, memory.data() + lists[i].codes, bytes);
                read(file, from + bytes, memory.data() + lists[i].ids, lists[i].size * sizeof(idx_t));
            }
        } catch (...) {
            close(file);
            throw;
        }
        close(file);
    }

    size_t list_size(size_t list) const override {
        return lists[list].size;
    }

    const uint8_t* get_codes(size_t list) const override {
        return memory.data() + lists[list].codes;
    }

    const idx_t* get_ids(size_t list) const override {
        return reinterpret_cast<const idx_t*>(memory.data() + lists[list].ids);
    }

    size_t add_entries(size_t, size_t, const idx_t*, const uint8_t*) override {
        throw std::logic_error("these lists do not change");
    }

    void update_entries(size_t, size_t, size_t, const idx_t*, const uint8_t*) override {
        throw std::logic_error("these lists do not change");
    }

    void resize(size_t, size_t) override {
        throw std::logic_error("these lists do not change");
    }

private:
    // Where its codes and ids begin.
    struct List {
        size_t size;
        size_t codes;
        size_t ids;
    };

    static size_t aligned(size_t bytes) {
        return (bytes + cache_line_bytes - 1) / cache_line_bytes * cache_line_bytes;
    }

    // Finds a place for each list, and returns the bytes of all.
    size_t place(const faiss::OnDiskInvertedLists& mapped) {
        size_t at = 0;
        for (size_t i = 0; i < nlist; i++) {
            size_t size = mapped.lists[i].size;
            size_t ids = at + aligned(size * code_size);
            lists[i] = {size, at, ids};
            at = ids + aligned(size * sizeof(idx_t));
        }
        return at;
    }

    static void read(int file, size_t from, uint8_t* to, size_t bytes) {
        while (bytes > 0) {
            ssize_t got = pread(file, to, bytes, static_cast<off_t>(from));
            if (got < 0 && errno == EINTR) {
                continue;
            }
            if (got <= 0) {
                throw std::runtime_error(
                        got < 0 ? std::string("cannot read it: ") + std::strerror(errno) : "it ends before its lists do");
            }
            from += got;
            to += got;
            bytes -= got;
        }
    }

    std::vector<List> lists;
    LargePages memory;
};

} // namespace imagesearch
