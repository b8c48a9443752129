// What is fetched from memory while rows are scored: what will be read next, which is not always what stands behind them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace imagesearch {

struct Fetching {
    // Bytes between what is scored and what is fetched for it: enough for the way to memory, few enough for the first cache.
    static constexpr size_t least_ahead = 8192;

    // Where the list ends whose rows are scored; null if something may be fetched from behind them.
    const uint8_t* end = nullptr;

    // Where the list begins that is read after it; null if there is none.
    const uint8_t* next = nullptr;

    // Rows are scored four at a time: those that are fetched are some steps of four ahead.
    static size_t bytes_ahead(size_t row_bytes) {
        size_t step = 4 * row_bytes;
        return step * ((least_ahead + step - 1) / step);
    }

    // What to fetch while four rows are scored that stand `ahead` bytes before `place`.
    const uint8_t* from(const uint8_t* place) const {
        return end == nullptr || place < end ? place : next == nullptr ? end : next + (place - end);
    }
};

} // namespace imagesearch
