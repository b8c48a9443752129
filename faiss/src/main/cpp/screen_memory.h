// Memory of screens: zeroed, on large pages where the system has them.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace imagesearch {

class ScreenMemory {
public:
    explicit ScreenMemory(size_t bytes) : length(bytes == 0 ? 1 : bytes) {
        void* at = mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) {
            throw std::bad_alloc();
        }
        memory = static_cast<uint8_t*>(at);
        // Refused where large pages are switched off: nothing is lost but some speed.
        madvise(memory, length, MADV_HUGEPAGE);
    }

    ScreenMemory(const ScreenMemory&) = delete;
    ScreenMemory& operator=(const ScreenMemory&) = delete;

    ~ScreenMemory() {
        munmap(memory, length);
    }

    uint8_t* data() {
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
