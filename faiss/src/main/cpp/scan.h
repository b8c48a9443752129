// One query against the codes of one list: scored block by block, and only what reaches the k-th score so far is looked at again.
#pragma once

#include <faiss/impl/IDSelector.h>
#include <faiss/invlists/InvertedLists.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels.h"
#include "scorer.h"
#include "top_hits.h"

namespace imagesearch {

// Codes scored between two looks at the threshold; their scores stay in the first cache.
inline constexpr size_t block_codes = 256;

// Ids of a mapped file stand at odd addresses.
inline int64_t id_at(const int64_t* ids, size_t place) {
    int64_t id;
    std::memcpy(&id, ids + place, sizeof(id));
    return id;
}

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

} // namespace imagesearch
