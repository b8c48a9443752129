// Searches: the centroids nearest to a query, the vectors nearest to it in given lists, and sets of ids to keep to.
#pragma once

#include <faiss/IndexIVF.h>
#include <faiss/impl/IDSelector.h>
#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "batch.h"
#include "coarse.h"
#include "code_scorers.h"
#include "index.h"
#include "scan.h"
#include "scorer.h"
#include "top_hits.h"

namespace imagesearch {

inline int64_t selector_only(const int64_t* ids, int64_t n) {
    return reinterpret_cast<int64_t>(static_cast<faiss::IDSelector*>(new faiss::IDSelectorBatch(n, ids)));
}

// Keeps the ids that another selector rejects, and owns that selector.
struct ExceptSelector : faiss::IDSelector {
    faiss::IDSelectorBatch rejected;

    ExceptSelector(int64_t n, const int64_t* ids) : rejected(n, ids) {}

    bool is_member(int64_t id) const override {
        return !rejected.is_member(id);
    }
};

inline int64_t selector_except(const int64_t* ids, int64_t n) {
    return reinterpret_cast<int64_t>(static_cast<faiss::IDSelector*>(new ExceptSelector(n, ids)));
}

inline void selector_free(int64_t handle) {
    delete reinterpret_cast<faiss::IDSelector*>(handle);
}

inline void ivf_assign(int64_t handle, const float* queries, int64_t n, int64_t nprobe, int64_t* lists, float* scores) {
    coarse(handle)->search(n, queries, nprobe, scores, lists);
}

// One query: its lists in the order in which they are given, the most promising first.
inline void search_one(
        const faiss::IndexIVF& index,
        Scorer& scorer,
        const float* query,
        int64_t k,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        const faiss::IDSelector* selector,
        float bound,
        int64_t* ids,
        float* scores) {
    Scratch<Hit, struct QueryHits> room(TopHits::room(k));
    TopHits hits;
    hits.begin(room.data(), k, bound);
    scorer.set_query(query);
    for (int64_t probe = 0; probe < nprobe; probe++) {
        if (lists[probe] < 0) {
            continue;
        }
        scorer.set_list(lists[probe], coarse_scores[probe]);
        int64_t next = next_list(*index.invlists, lists, nprobe, probe + 1);
        scan_list(scorer, *index.invlists, lists[probe], next, {&hits, selector});
    }
    hits.finish(ids, scores);
}

// The same of a screened index, whose lists have their centroids as base. False if the query has no bounds.
inline bool search_one_screened(
        const FlatIndex& index,
        const float* query,
        int64_t k,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        const faiss::IDSelector* selector,
        float bound,
        int64_t* ids,
        float* scores) {
    size_t dimension = index.d;
    Scratch<int8_t, struct QueryWhole> whole(ScreenQuery::room(dimension));
    ScreenQuery bounded(query, dimension, whole.data());
    if (!bounded.usable()) {
        return false;
    }
    FlatScorer scorer(dimension);
    scorer.set_query(query);
    Scratch<Hit, struct QueryHits> room(TopHits::room(k));
    Scratch<Hit, struct QueryLower> lower_room(TopHits::room(k));
    TopHits hits;
    TopHits lower;
    hits.begin(room.data(), k, bound);
    lower.begin(lower_room.data(), k, bound);
    size_t candidates = ScreenedHits::candidate_room(k);
    Scratch<ScreenedHits::Candidate, struct QueryCandidates> some(candidates);
    ScreenedHits found(scorer, dimension, hits, lower, some.data(), candidates);
    for (int64_t probe = 0; probe < nprobe; probe++) {
        int64_t list = lists[probe];
        if (list < 0 || index.screen->list(list).n == 0) {
            continue;
        }
        if (!std::isfinite(coarse_scores[probe])) {
            scan_list(scorer, *index.invlists, list, -1, {&hits, selector});
            continue;
        }
        faiss::InvertedLists::ScopedCodes codes(index.invlists, list);
        faiss::InvertedLists::ScopedIds stored(index.invlists, list);
        int64_t next = next_list(*index.invlists, lists, nprobe, probe + 1);
        scan_screened(
                bounded,
                index.screen->list(list),
                next < 0 ? nullptr : &index.screen->list(next),
                coarse_scores[probe],
                codes.get(),
                index.code_size,
                stored.get(),
                selector,
                found);
    }
    found.finish();
    hits.finish(ids, scores);
    return true;
}

// Many queries of an index of flat codes: list by list, for all that want it.
inline void search_many(
        const faiss::IndexIVF& index,
        const float* queries,
        int64_t n,
        int64_t k,
        const int64_t* lists,
        int64_t nprobe,
        const faiss::IDSelector* selector,
        const float* bounds,
        int64_t* ids,
        float* scores) {
    const faiss::InvertedLists& inverted = *index.invlists;
    QueryBatch batch(queries, n, index.d, k, bounds, selector);
    WantedLists wanted(lists, n, nprobe);
    wanted.each([&](int64_t list, const uint32_t* by, size_t count) {
        size_t size = inverted.list_size(list);
        if (size > 0) {
            faiss::InvertedLists::ScopedCodes codes(&inverted, list);
            faiss::InvertedLists::ScopedIds stored(&inverted, list);
            batch.scan(by, count, codes.get(), size, [&](size_t place) { return id_at(stored.get(), place); });
        }
    });
    batch.finish(ids, scores);
}

// selector 0 means every id; bounds are float[n] or null. Ids of -1 fill the places that no vector took.
inline void ivf_search_preassigned(
        int64_t handle,
        const float* queries,
        int64_t n,
        int64_t k,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        int64_t selector,
        const float* bounds,
        int64_t* ids,
        float* scores) {
    const faiss::IndexIVF& index = *ivf(handle);
    const auto* kept = reinterpret_cast<const faiss::IDSelector*>(selector);
    auto chunk = static_cast<int64_t>(queries_at_once(k));
    if (has_flat_codes(index) && std::min(n, chunk) >= static_cast<int64_t>(least_batch)) {
        for (int64_t q = 0; q < n; q += chunk) {
            search_many(
                    index,
                    queries + q * index.d,
                    std::min(chunk, n - q),
                    k,
                    lists + q * nprobe,
                    nprobe,
                    kept,
                    bounds == nullptr ? nullptr : bounds + q,
                    ids + q * k,
                    scores + q * k);
        }
        return;
    }
    auto scorer = scorer_of(index);
    const auto* flat = dynamic_cast<const FlatIndex*>(&index);
    for (int64_t q = 0; q < n; q++) {
        float bound = bounds == nullptr ? no_score : bounds[q];
        if (flat != nullptr && flat->screen != nullptr &&
            search_one_screened(
                    *flat,
                    queries + q * index.d,
                    k,
                    lists + q * nprobe,
                    coarse_scores + q * nprobe,
                    nprobe,
                    kept,
                    bound,
                    ids + q * k,
                    scores + q * k)) {
            continue;
        }
        search_one(
                index,
                *scorer,
                queries + q * index.d,
                k,
                lists + q * nprobe,
                coarse_scores + q * nprobe,
                nprobe,
                kept,
                bound,
                ids + q * k,
                scores + q * k);
    }
}

// ivf_assign and ivf_search_preassigned in one.
inline void ivf_search(
        int64_t handle,
        const float* queries,
        int64_t n,
        int64_t k,
        int64_t nprobe,
        int64_t selector,
        int64_t* ids,
        float* scores) {
    size_t dimension = ivf(handle)->d;
    auto chunk = static_cast<int64_t>(std::min(queries_at_once(nprobe), queries_at_once(k)));
    Scratch<int64_t, struct ProbedLists> lists(std::min(n, chunk) * nprobe);
    Scratch<float, struct ProbedScores> coarse_scores(std::min(n, chunk) * nprobe);
    for (int64_t q = 0; q < n; q += chunk) {
        int64_t count = std::min(chunk, n - q);
        const float* some = queries + q * dimension;
        ivf_assign(handle, some, count, nprobe, lists.data(), coarse_scores.data());
        ivf_search_preassigned(
                handle,
                some,
                count,
                k,
                lists.data(),
                coarse_scores.data(),
                nprobe,
                selector,
                nullptr,
                ids + q * k,
                scores + q * k);
    }
}

} // namespace imagesearch
