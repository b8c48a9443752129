// Zeroed memory, on large pages where the system has them: streams through it wait for no page tables.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace imagesearch {

class LargePages {
public:
    explicit LargePages(size_t bytes) : length(bytes == 0 ? 1 : bytes) {
        void* at = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) {
            throw std::bad_alloc();
        }
        memory = static_cast<uint8_t*>(at);
        // Refused where large pages are switched off: nothing is lost but some speed.
        madvise(memory, length, MADV_HUGEPAGE);
    }

    LargePages(const LargePages&) = delete;
    LargePages& operator=(const LargePages&) = delete;

    ~LargePages() {
        munmap(memory, length);
    }

    uint8_t* data() {
        return memory;
    }

    const uint8_t* data() const {
        return memory;
    }

    size_t bytes() const {
        return length;
    }

private:
    const size_t length;
    uint8_t* memory;
};

} // namespace imagesearch
