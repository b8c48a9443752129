// Searches: the centroids nearest to a query, and the vectors nearest to it in given lists.
#pragma once

#include <faiss/IndexIVF.h>
#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "batch.h"
#include "coarse.h"
#include "index.h"
#include "scan.h"
#include "top_hits.h"
#include "visits.h"

namespace imagesearch {

inline void ivf_assign(int64_t handle, const float* queries, int64_t n, int64_t nprobe, int64_t* lists, float* scores) {
    coarse(handle)->search(n, queries, nprobe, scores, lists);
}

// The scores of a query with some centroids, as ivf_assign gives them.
inline void ivf_coarse_scores(int64_t handle, const float* query, const int64_t* lists, int64_t n, float* scores) {
    const faiss::IndexFlat* centroids = coarse(handle);
    FlatScorer scorer(centroids->d);
    scorer.set_query(query);
    for (int64_t i = 0; i < n; i++) {
        scorer.scores(centroids->codes.data() + lists[i] * centroids->code_size, 1, scores + i);
    }
}

// One query against whole codes, list by list.
inline void search_plain(
        const Shards& shards,
        const float* query,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        TopHits& hits) {
    for (const Shard& shard : shards) {
        shard.scorer->set_query(query);
    }
    Visits visits(shards.data(), shards.size(), lists, coarse_scores, nprobe);
    for (size_t i = 0; i < visits.size(); i++) {
        const Visits::Visit& visit = visits[i];
        const Shard& shard = shards[visit.shard];
        faiss::InvertedLists::ScopedIds ids(&shard.lists(), visit.list);
        shard.scorer->set_list(visit.list, visit.coarse_score);
        shard.scan(
                visit.list,
                ids.get(),
                visits.codes(i + 1),
                [&] { return hits.threshold(); },
                [&](float score, size_t place) { hits.take(score, id_at(ids.get(), place), visit.shard); });
    }
}

// With one basis, as indexes of the same centroids have it; and with so many ids let through that screens spare something.
inline bool all_screened(const Shards& shards) {
    return std::all_of(shards.begin(), shards.end(), [&](const Shard& shard) {
        return shard.screen != nullptr && &shard.screen->basis() == &shards[0].screen->basis() && !shard.chosen_first;
    });
}

// The same in screened shards, whose lists have their centroids as base. False if the query has no bounds.
inline bool search_screened(
        const Shards& shards,
        const float* query,
        int64_t k,
        float bound,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        TopHits& hits) {
    size_t dimension = shards[0].index.d;
    Visits visits(shards.data(), shards.size(), lists, coarse_scores, nprobe);
    Scratch<int8_t, struct QueryWhole> whole(ScreenQuery::room(dimension));
    const Basis* basis = visits.rows() < least_sketched ? nullptr : &shards[0].screen->basis();
    ScreenQuery bounded(query, dimension, basis, whole.data());
    if (!bounded.usable()) {
        return false;
    }
    Scorer& scorer = *shards[0].scorer;
    scorer.set_query(query);
    Scratch<Hit, struct QueryLower> lower_room(TopHits::room(k));
    TopHits lower;
    lower.begin(lower_room.data(), k, bound);
    size_t candidates = ScreenedHits::candidate_room(k);
    Scratch<ScreenedHits::Candidate, struct QueryCandidates> some(candidates);
    ScreenedHits found(scorer, dimension, hits, lower, some.data(), candidates);
    ScreenedScan scan(bounded, found);
    auto rows_of = [&](size_t i) {
        return i < visits.size() ? &shards[visits[i].shard].screen->list(visits[i].list) : nullptr;
    };
    for (size_t i = 0; i < visits.size(); i++) {
        fetch(rows_of(i), sizeof(ScreenedRows));
    }
    // Rows of several lists wait at a time.
    Scratch<ListToScreen, struct QueryLists> screened(visits.size());
    for (size_t i = 0; i < visits.size(); i++) {
        const Visits::Visit& visit = visits[i];
        const Shard& shard = shards[visit.shard];
        // These lists stay where they are: they are mapped, or in memory.
        const faiss::InvertedLists& inverted = shard.lists();
        ListedRows rows{
                inverted.get_codes(visit.list),
                shard.index.code_size,
                inverted.get_ids(visit.list),
                false,
                shard.selector,
                visit.shard};
        if (std::isfinite(visit.coarse_score)) {
            screened.data()[i] = {bounded.list(*rows_of(i), visit.coarse_score), rows};
            scan.scan(screened.data()[i], rows_of(i + 1));
        } else {
            Candidates kept{&hits, shard.selector, visit.shard};
            scan_list(
                    scorer,
                    inverted,
                    visit.list,
                    nullptr,
                    [&] { return hits.threshold(); },
                    [&](float score, size_t place) { kept.take(score, rows.id(place)); });
        }
    }
    scan.finish();
    return true;
}

// One query: its lists in the order in which they are given, the most promising first.
inline void search_one(
        const Shards& shards,
        bool screened,
        const float* query,
        int64_t k,
        float bound,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        TopHits& hits) {
    if (!screened || !search_screened(shards, query, k, bound, lists, coarse_scores, nprobe, hits)) {
        search_plain(shards, query, lists, coarse_scores, nprobe, hits);
    }
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
    const IdSet* kept = id_set_of(selector);
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
    Shards shards;
    shards.emplace_back(index, kept);
    bool screened = all_screened(shards);
    Scratch<Hit, struct QueryHits> room(TopHits::room(k));
    for (int64_t q = 0; q < n; q++) {
        float bound = bounds == nullptr ? no_score : bounds[q];
        TopHits hits;
        hits.begin(room.data(), k, bound);
        search_one(
                shards,
                screened,
                queries + q * index.d,
                k,
                bound,
                lists + q * nprobe,
                coarse_scores + q * nprobe,
                nprobe,
                hits);
        hits.finish(ids + q * k, scores + q * k);
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
