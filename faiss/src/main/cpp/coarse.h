// The centroids nearest to queries.
#pragma once

#include <faiss/IndexFlat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "batch.h"
#include "centroid_screen.h"
#include "kernels.h"
#include "scan.h"
#include "top_hits.h"

namespace imagesearch {

// The centroids of an index: a flat index to Faiss and in files. Where there are many, a query does not read them but a screen of
// them, and then the few that are near.
class CentroidIndex final : public faiss::IndexFlatIP {
public:
    // Takes the centroids over from the other index.
    explicit CentroidIndex(faiss::IndexFlat& other) : IndexFlatIP(other.d) {
        codes.swap(other.codes);
        ntotal = other.ntotal;
    }

    void search(
            idx_t n,
            const float* queries,
            idx_t k,
            float* scores,
            idx_t* ids,
            const faiss::SearchParameters* parameters = nullptr) const override {
        if (parameters != nullptr) {
            IndexFlatIP::search(n, queries, k, scores, ids, parameters);
        } else if (static_cast<size_t>(n) >= least_batch) {
            search_many(queries, n, k, ids, scores);
        } else {
            for (idx_t q = 0; q < n; q++) {
                search_one(queries + q * d, k, ids + q * k, scores + q * k);
            }
        }
    }

private:
    // Fewer stay in a cache, and are read from there as fast as their screen.
    static constexpr size_t least_screened = 1024;

    const uint8_t* rows() const {
        return codes.data();
    }

    // Made when it is first wanted: to most indexes, queries come with their lists.
    const CentroidScreen* screen() const {
        if (static_cast<size_t>(ntotal) < least_screened) {
            return nullptr;
        }
        std::call_once(made, [this] { kept = std::make_unique<CentroidScreen>(get_xb(), ntotal, d); });
        return kept.get();
    }

    // -1 where not even k centroids can be compared with the query.
    void search_one(const float* query, size_t k, int64_t* ids, float* scores) const {
        Scratch<Hit, struct CoarseHits> room(TopHits::room(k));
        TopHits hits;
        hits.begin(room.data(), k, no_score);
        FlatScorer scorer(d);
        scorer.set_query(query);
        const CentroidScreen* of_centroids = screen();
        if (of_centroids == nullptr || !of_centroids->search(query, k, scorer, hits)) {
            scan_codes(
                    scorer,
                    rows(),
                    ntotal,
                    code_size,
                    [&] { return hits.threshold(); },
                    [&](float score, size_t place) { hits.take(score, static_cast<int64_t>(place)); });
        }
        hits.finish(ids, scores);
    }

    void search_many(const float* queries, size_t n, size_t k, int64_t* ids, float* scores) const {
        size_t chunk = queries_at_once(k);
        for (size_t begin = 0; begin < n; begin += chunk) {
            size_t count = std::min(chunk, n - begin);
            QueryBatch batch(queries + begin * d, count, d, k, nullptr, nullptr);
            batch.scan(batch.everyone(), count, rows(), ntotal, [](size_t place) {
                return static_cast<int64_t>(place);
            });
            batch.finish(ids + begin * k, scores + begin * k);
        }
    }

    mutable std::once_flag made;
    mutable std::unique_ptr<const CentroidScreen> kept;
};

} // namespace imagesearch
