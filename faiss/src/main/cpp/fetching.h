// How kernels go through rows: four at a time, while what will be read next is fetched from memory, which is not always what stands
// behind them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace imagesearch {

inline constexpr size_t cache_line_bytes = 64;

// Fetches bytes from memory. Always inlined: GCC takes a function that does nothing but this for one without effect, and leaves its
// calls out.
[[gnu::always_inline]] inline void fetch(const void* from, size_t bytes) {
    for (size_t at = 0; at < bytes; at += cache_line_bytes) {
        __builtin_prefetch(static_cast<const uint8_t*>(from) + at);
    }
}

struct Fetching {
    // Bytes between what is scored and what is fetched for it: enough for the way to memory, few enough for the first cache.
    static constexpr size_t least_ahead = 8192;

    // Where the list ends whose rows are scored; null if something may be fetched from behind them.
    const uint8_t* end = nullptr;

    // Where the list begins that is read after it; null if there is none.
    const uint8_t* next = nullptr;

    // Of n rows, scored four at a time: those that are fetched are some steps of four ahead, but not more than there are. Of a
    // short list that is followed by others, the first rows of the next would be skipped.
    static size_t bytes_ahead(size_t row_bytes, size_t n) {
        size_t step = 4 * row_bytes;
        size_t steps = (least_ahead + step - 1) / step;
        size_t most = n / 4 > 0 ? n / 4 : 1;
        return step * (steps < most ? steps : most);
    }

    // What to fetch while a row is scored that stands a way ahead of `place`.
    const uint8_t* from(const uint8_t* place) const {
        return end == nullptr || place < end ? place : next == nullptr ? end : next + (place - end);
    }
};

// What to fetch for four rows that are scored together.
struct FourFetched {
    const uint8_t* rows[4];

    FourFetched(const Fetching& fetching, const uint8_t* const* scored, size_t ahead) {
        for (size_t r = 0; r < 4; r++) {
            rows[r] = fetching.from(scored[r] + ahead);
        }
    }
};

// Calls score(rows, first, count) for rows first..first+count-1 of n, of which the four addresses are given. The last four are, where
// n is no multiple, some of those before them again, which is faster than rows on their own; of fewer than four, the last one stands
// for those that are not there. Inlined, so that it is compiled for the instructions of its caller.
template <typename RowAt, typename Score>
[[gnu::always_inline]] inline void in_fours(size_t n, RowAt row_at, Score score) {
    for (size_t i = 0; i < n; i += 4) {
        size_t first = n >= 4 && i + 4 > n ? n - 4 : i;
        const uint8_t* rows[4];
        for (size_t r = 0; r < 4; r++) {
            rows[r] = row_at(first + r < n ? first + r : n - 1);
        }
        score(rows, first, n < 4 ? n : 4);
    }
}

// Calls score(rows, fetched, out) for four rows of n at a time, with room for four scores each. What is read after them is fetched,
// unless `fetching` is null.
template <typename RowAt, typename Score>
[[gnu::always_inline]] inline void score_in_fours(
        size_t n,
        size_t row_bytes,
        RowAt row_at,
        const Fetching* fetching,
        Score score,
        float* out) {
    size_t ahead = Fetching::bytes_ahead(row_bytes, n);
    in_fours(n, row_at, [&](const uint8_t* const* four, size_t first, size_t count) {
        FourFetched fetched(fetching == nullptr ? Fetching() : *fetching, four, ahead);
        float few[4];
        score(four, &fetched, count == 4 ? out + first : few);
        for (size_t r = 0; count < 4 && r < count; r++) {
            out[r] = few[r];
        }
    });
}

} // namespace imagesearch
