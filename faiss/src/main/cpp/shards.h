// One query against several shards at once. What they find together is what one index of all their vectors would find, where codes
// are not compared again.
#pragma once

#include <cstdint>

#include "refine.h"
#include "search.h"
#include "top_hits.h"
#include "visits.h"

namespace imagesearch {

// handles, selectors: int64_t[n], of indexes with the same centroids and codes; stores and candidates_per_hit likewise, where codes
// are compared again, or null. shard_of: int32_t[k], where a hit is from, as a place among the handles; -1 without a hit.
inline void shards_search(
        const int64_t* handles,
        const int64_t* selectors,
        const int64_t* stores,
        const int64_t* candidates_per_hit,
        int64_t n,
        const float* query,
        int64_t k,
        float bound,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        int64_t* ids,
        float* scores,
        int32_t* shard_of) {
    Shards shards;
    shards.reserve(n);
    for (int64_t i = 0; i < n; i++) {
        shards.emplace_back(*ivf(handles[i]), id_set_of(selectors[i]));
    }
    Scratch<Hit, struct ShardHits> room(TopHits::room(k));
    TopHits hits;
    hits.begin(room.data(), k, bound);
    if (stores == nullptr) {
        search_one(shards, all_screened(shards), query, k, bound, lists, coarse_scores, nprobe, hits);
    } else {
        for (int64_t i = 0; i < n; i++) {
            RefinedSearch refined(shards[i], refinement(stores[i]), k, candidates_per_hit[i]);
            refined.search(query, lists, coarse_scores, nprobe, static_cast<uint32_t>(i), hits);
        }
    }
    hits.finish(ids, scores, shard_of);
}

} // namespace imagesearch
