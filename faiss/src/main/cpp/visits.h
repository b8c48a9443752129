// Indexes of the same centroids that are searched as one, and the way of a query through their lists.
#pragma once

#include <faiss/IndexIVF.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "code_scorers.h"
#include "flat_index.h"
#include "id_set.h"
#include "list_screen.h"
#include "scan.h"
#include "scorer.h"
#include "top_hits.h"

namespace imagesearch {

// The screen of an index, null if it has none.
inline const ListScreen* screen_of(const faiss::IndexIVF& index) {
    const auto* flat = dynamic_cast<const FlatIndex*>(&index);
    return flat == nullptr ? nullptr : flat->screen.get();
}

// Shares of the ids of an index up to which those that count are looked for first, as measured (docs/BENCHMARKS.md, filters).
inline constexpr double most_chosen = 0.3;
inline constexpr double most_chosen_of_screened = 0.05;

struct Shard {
    const faiss::IndexIVF& index;
    // The ids that count, null for all.
    const IdSet* selector;
    std::unique_ptr<Scorer> scorer;
    // Null if there is none.
    const ListScreen* screen;
    // Whether so few ids count that it is cheaper to look for these and score them alone than to score all.
    const bool chosen_first;

    Shard(const faiss::IndexIVF& index, const IdSet* selector)
            : index(index), selector(selector), scorer(scorer_of(index)), screen(screen_of(index)),
              chosen_first(
                      selector != nullptr &&
                      selector->let_through(index.ntotal) <
                              index.ntotal * (screen == nullptr ? most_chosen : most_chosen_of_screened)) {}

    const faiss::InvertedLists& lists() const {
        return *index.invlists;
    }

    // Calls take(score, place) for the codes of a list that count and whose score is not below threshold().
    template <typename Threshold, typename Take>
    void scan(int64_t list, const int64_t* ids, const uint8_t* next, Threshold threshold, Take take) const {
        if (chosen_first) {
            scan_chosen(*scorer, lists(), list, ids, *selector, threshold, take);
            return;
        }
        scan_list(*scorer, lists(), list, next, threshold, [&](float score, size_t place) {
            if (selector == nullptr || selector->is_member(id_at(ids, place))) {
                take(score, place);
            }
        });
    }
};

using Shards = std::vector<Shard>;

// Probe by probe, each in all shards that have something in its list: a good k-th score is found early, and what belongs to a
// probe is computed once. One at a time per thread.
class Visits {
public:
    struct Visit {
        uint32_t shard;
        float coarse_score;
        int64_t list;
    };

    // A list of -1 is skipped.
    Visits(const Shard* shards, size_t n, const int64_t* lists, const float* coarse_scores, size_t nprobe)
            : shards(shards), room(nprobe * n) {
        for (size_t probe = 0; probe < nprobe; probe++) {
            for (size_t shard = 0; lists[probe] >= 0 && shard < n; shard++) {
                size_t size = shards[shard].lists().list_size(lists[probe]);
                if (size > 0) {
                    rows_ += size;
                    room.data()[count++] = {static_cast<uint32_t>(shard), coarse_scores[probe], lists[probe]};
                }
            }
        }
    }

    size_t size() const {
        return count;
    }

    // In all lists.
    size_t rows() const {
        return rows_;
    }

    const Visit& operator[](size_t i) {
        return room.data()[i];
    }

    // The codes that a visit begins with, null behind the last one.
    const uint8_t* codes(size_t i) {
        return i < count ? shards[(*this)[i].shard].lists().get_codes((*this)[i].list) : nullptr;
    }

private:
    const Shard* const shards;
    Scratch<Visit, struct QueryVisits> room;
    size_t count = 0;
    size_t rows_ = 0;
};

} // namespace imagesearch
