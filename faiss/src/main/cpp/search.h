// Searches: the centroids nearest to a query, the vectors nearest to it in given lists, and sets of ids to keep to.
#pragma once

#include <faiss/IndexIVF.h>
#include <faiss/impl/IDSelector.h>
#include <omp.h>

#include <cstdint>

#include "index.h"

namespace imagesearch {

inline void ivf_assign(int64_t handle, const float* queries, int64_t n, int64_t nprobe, int64_t* lists, float* scores) {
    omp_set_num_threads(1);
    coarse(handle)->search(n, queries, nprobe, scores, lists);
}

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

// selector 0 means every id. Ids of -1 fill the places that no vector took.
inline void ivf_search_preassigned(
        int64_t handle,
        const float* queries,
        int64_t n,
        int64_t k,
        const int64_t* lists,
        const float* coarse_scores,
        int64_t nprobe,
        int64_t selector,
        int64_t* ids,
        float* scores) {
    omp_set_num_threads(1);
    faiss::IVFSearchParameters parameters;
    parameters.nprobe = nprobe;
    parameters.sel = reinterpret_cast<faiss::IDSelector*>(selector);
    // Without statistics of its own, a search writes the process-wide ones, unsynchronised.
    faiss::IndexIVFStats stats;
    ivf(handle)->search_preassigned(
            n, queries, k, lists, coarse_scores, scores, ids, false, &parameters, &stats);
}

} // namespace imagesearch
