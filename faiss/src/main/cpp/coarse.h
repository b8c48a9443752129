// The centroids nearest to queries: one pass over all of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "batch.h"
#include "kernels.h"
#include "scan.h"
#include "top_hits.h"

namespace imagesearch {

// The nprobe best of n centroids for one query, best first; -1 where not even nprobe can be compared with it.
inline void nearest_centroids(
        const float* query,
        const float* centroids,
        size_t n,
        size_t dimension,
        size_t nprobe,
        int64_t* lists,
        float* scores) {
    Scratch<Hit, struct CoarseHits> room(TopHits::room(nprobe));
    TopHits hits;
    hits.begin(room.data(), nprobe, no_score);
    FlatScorer scorer(dimension);
    scorer.set_query(query);
    scan_codes(
            scorer,
            reinterpret_cast<const uint8_t*>(centroids),
            n,
            dimension * sizeof(float),
            [&] { return hits.threshold(); },
            [&](float score, size_t place) { hits.take(score, static_cast<int64_t>(place)); });
    hits.finish(lists, scores);
}

// The same for many queries: float[n * dimension], results long[n * nprobe] and float[n * nprobe].
inline void nearest_centroids_of_many(
        const float* queries,
        size_t n,
        const float* centroids,
        size_t nlist,
        size_t dimension,
        size_t nprobe,
        int64_t* lists,
        float* scores) {
    size_t chunk = queries_at_once(nprobe);
    for (size_t begin = 0; begin < n; begin += chunk) {
        size_t count = std::min(chunk, n - begin);
        QueryBatch batch(queries + begin * dimension, count, dimension, nprobe, nullptr, nullptr);
        batch.scan(
                batch.everyone(),
                count,
                reinterpret_cast<const uint8_t*>(centroids),
                nlist,
                [](size_t place) { return static_cast<int64_t>(place); });
        batch.finish(lists + begin * nprobe, scores + begin * nprobe);
    }
}

} // namespace imagesearch
