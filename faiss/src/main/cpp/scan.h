// One query against the codes of one list: scored block by block, and only what reaches the k-th score so far is looked at again.
#pragma once

#include <faiss/impl/IDSelector.h>
#include <faiss/invlists/InvertedLists.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "id_set.h"
#include "kernels.h"
#include "scorer.h"
#include "top_hits.h"

namespace imagesearch {

// Codes scored between two looks at the threshold; their scores stay in the first cache.
inline constexpr size_t block_codes = 256;

// The hits of a query among those that a selector lets through; null lets all through.
struct Candidates {
    TopHits* hits;
    const faiss::IDSelector* selector;
    uint32_t shard = 0;

    void take(float score, int64_t id) const {
        if (score >= hits->threshold() && (selector == nullptr || selector->is_member(id))) {
            hits->take(score, id, shard);
        }
    }
};

// Calls take(score, place) for the codes whose score is not below threshold(), which may rise meanwhile.
template <typename Threshold, typename Take>
inline void scan_codes(
        const Scorer& scorer,
        const uint8_t* codes,
        size_t n,
        size_t code_size,
        Threshold threshold,
        Take take) {
    alignas(cache_line_bytes) float scores[block_codes];
    uint32_t places[block_codes + Kernels::spare_places];
    auto at_least = kernels().at_least;
    for (size_t begin = 0; begin < n; begin += block_codes) {
        size_t count = std::min(block_codes, n - begin);
        scorer.scores(codes + begin * code_size, count, scores);
        size_t kept = at_least(scores, count, threshold(), places);
        for (size_t i = 0; i < kept; i++) {
            take(scores[places[i]], begin + places[i]);
        }
    }
}

// Calls take(score, place) likewise for a list that is not empty; `next` are the codes scanned after it, null for none.
template <typename Threshold, typename Take>
inline void scan_list(
        Scorer& scorer,
        const faiss::InvertedLists& lists,
        int64_t list,
        const uint8_t* next,
        Threshold threshold,
        Take take) {
    size_t n = lists.list_size(list);
    faiss::InvertedLists::ScopedCodes codes(&lists, list);
    scorer.set_fetching({codes.get() + n * lists.code_size, next});
    scan_codes(scorer, codes.get(), n, lists.code_size, threshold, take);
}

// Calls take(score, place) likewise for those alone whose ids are in a set: they are looked for first, and put together to be scored.
template <typename Threshold, typename Take>
inline void scan_chosen(
        Scorer& scorer,
        const faiss::InvertedLists& lists,
        int64_t list,
        const int64_t* ids,
        const IdSet& chosen,
        Threshold threshold,
        Take take) {
    // Half of a first cache.
    constexpr size_t together_bytes = 16 << 10;
    constexpr size_t codes_ahead = 4;
    size_t n = lists.list_size(list);
    size_t code_size = lists.code_size;
    size_t most = std::clamp<size_t>(together_bytes / code_size, codes_ahead, block_codes);
    faiss::InvertedLists::ScopedCodes codes(&lists, list);
    Scratch<uint8_t, struct ChosenCodes> together(most * code_size);
    uint32_t places[2 * block_codes];
    scorer.set_fetching({});
    auto score = [&](size_t count) {
        for (size_t first = 0; first < count; first += most) {
            size_t some = std::min(most, count - first);
            for (size_t i = first; i < first + some; i++) {
                fetch(codes.get() + places[std::min(i + codes_ahead, count - 1)] * code_size, code_size);
                std::memcpy(together.data() + (i - first) * code_size, codes.get() + places[i] * code_size, code_size);
            }
            scan_codes(scorer, together.data(), some, code_size, threshold, [&](float score, size_t place) {
                take(score, places[first + place]);
            });
        }
    };
    size_t waiting = 0;
    for (size_t begin = 0; begin < n; begin += block_codes) {
        size_t count = std::min(block_codes, n - begin);
        waiting += chosen.choose(ids + begin, count, static_cast<uint32_t>(begin), places + waiting);
        if (waiting >= block_codes) {
            score(waiting);
            waiting = 0;
        }
    }
    score(waiting);
}

} // namespace imagesearch
