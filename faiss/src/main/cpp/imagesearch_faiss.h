// The native side of org.imagesearch.faiss: one function per call, an IndexIVFFlat behind a handle.
//
// Every function may throw; JavaCPP turns a std::exception into a Java RuntimeException with the same text. A handle is
// the address of an object that the Java side owns and gives back to *_free exactly once. Calls that search or add run
// on the calling thread alone: parallelism belongs to the Java side, and Faiss's own threads inside one query gain nothing.
#pragma once

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/IDSelector.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>
#include <faiss/invlists/InvertedLists.h>
#include <omp.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace imagesearch {

inline faiss::IndexIVFFlat* ivf(int64_t handle) {
    return reinterpret_cast<faiss::IndexIVFFlat*>(handle);
}

inline const faiss::IndexFlat* coarse(int64_t handle) {
    return static_cast<const faiss::IndexFlat*>(ivf(handle)->quantizer);
}

inline std::string faiss_version() {
    return std::to_string(FAISS_VERSION_MAJOR) + "." + std::to_string(FAISS_VERSION_MINOR) + "." +
            std::to_string(FAISS_VERSION_PATCH);
}

// A trained, empty index over float[nlist * dimension] centroids.
inline int64_t ivf_from_centroids(const float* centroids, int64_t nlist, int32_t dimension) {
    auto quantizer = std::make_unique<faiss::IndexFlatIP>(dimension);
    quantizer->add(nlist, centroids);
    auto index = std::make_unique<faiss::IndexIVFFlat>(
            quantizer.get(), dimension, nlist, faiss::METRIC_INNER_PRODUCT);
    index->quantizer = quantizer.release();
    index->own_fields = true;
    index->is_trained = true;
    return reinterpret_cast<int64_t>(index.release());
}

inline int64_t ivf_read(const char* path, bool map) {
    int flags = map ? (faiss::IO_FLAG_MMAP | faiss::IO_FLAG_READ_ONLY) : 0;
    std::unique_ptr<faiss::Index> any(faiss::read_index(path, flags));
    auto* index = dynamic_cast<faiss::IndexIVFFlat*>(any.get());
    if (index == nullptr) {
        throw std::invalid_argument("not an IVFFlat index");
    }
    if (index->metric_type != faiss::METRIC_INNER_PRODUCT) {
        throw std::invalid_argument("its metric is not the inner product");
    }
    if (dynamic_cast<faiss::IndexFlat*>(index->quantizer) == nullptr ||
        index->quantizer->ntotal != static_cast<int64_t>(index->nlist)) {
        throw std::invalid_argument("its coarse quantizer is not a flat index of nlist centroids");
    }
    any.release();
    return reinterpret_cast<int64_t>(index);
}

inline void ivf_free(int64_t handle) {
    delete ivf(handle);
}

inline void ivf_write(int64_t handle, const char* path) {
    faiss::FileIOWriter writer(path);
    faiss::write_index(ivf(handle), &writer);
    // The writer's destructor cannot report what its last flush meets, a full disk above all.
    if (std::fflush(writer.f) != 0) {
        throw std::runtime_error(std::string("cannot write the end of the file: ") + std::strerror(errno));
    }
}

inline int32_t ivf_dimension(int64_t handle) {
    return ivf(handle)->d;
}

inline int64_t ivf_nlist(int64_t handle) {
    return ivf(handle)->nlist;
}

inline int64_t ivf_size(int64_t handle) {
    return ivf(handle)->ntotal;
}

inline void ivf_centroids(int64_t handle, float* out) {
    const faiss::IndexFlat* quantizer = coarse(handle);
    std::memcpy(out, quantizer->get_xb(), sizeof(float) * quantizer->ntotal * quantizer->d);
}

inline void ivf_assign(int64_t handle, const float* queries, int64_t n, int64_t nprobe, int64_t* lists, float* scores) {
    omp_set_num_threads(1);
    coarse(handle)->search(n, queries, nprobe, scores, lists);
}

inline void ivf_add(int64_t handle, const float* vectors, const int64_t* ids, const int64_t* lists, int64_t n) {
    omp_set_num_threads(1);
    ivf(handle)->add_core(n, vectors, ids, lists);
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

inline int64_t ivf_list_size(int64_t handle, int64_t list) {
    return ivf(handle)->invlists->list_size(list);
}

inline void ivf_list_ids(int64_t handle, int64_t list, int64_t* out) {
    faiss::InvertedLists::ScopedIds ids(ivf(handle)->invlists, list);
    std::memcpy(out, ids.get(), sizeof(int64_t) * ivf_list_size(handle, list));
}

inline void ivf_list_vectors(int64_t handle, int64_t list, int64_t from, int64_t count, float* out) {
    faiss::InvertedLists::ScopedCodes codes(ivf(handle)->invlists, list);
    size_t code_size = ivf(handle)->code_size;
    std::memcpy(out, codes.get() + from * code_size, count * code_size);
}

// Where an id stands in a list, or -1.
inline int64_t ivf_list_position(int64_t handle, int64_t list, int64_t id) {
    faiss::InvertedLists::ScopedIds ids(ivf(handle)->invlists, list);
    size_t size = ivf_list_size(handle, list);
    for (size_t i = 0; i < size; i++) {
        int64_t stored;
        // Ids of a mapped file stand at odd addresses.
        std::memcpy(&stored, ids.get() + i, sizeof(stored));
        if (stored == id) {
            return i;
        }
    }
    return -1;
}

inline void kmeans(
        const float* vectors,
        int64_t n,
        int32_t dimension,
        int64_t k,
        int32_t iterations,
        int32_t seed,
        bool spherical,
        int32_t max_points_per_centroid,
        int32_t threads,
        float* centroids) {
    faiss::ClusteringParameters parameters;
    parameters.niter = iterations;
    parameters.seed = seed;
    parameters.spherical = spherical;
    parameters.min_points_per_centroid = 1;
    parameters.max_points_per_centroid = max_points_per_centroid;
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    faiss::Clustering clustering(dimension, k, parameters);
    faiss::IndexFlatIP by_inner_product(dimension);
    faiss::IndexFlatL2 by_distance(dimension);
    faiss::Index& assigner = spherical ? static_cast<faiss::Index&>(by_inner_product) : by_distance;
    try {
        clustering.train(n, vectors, assigner);
    } catch (...) {
        omp_set_num_threads(before);
        throw;
    }
    omp_set_num_threads(before);
    std::memcpy(centroids, clustering.centroids.data(), sizeof(float) * k * dimension);
}

} // namespace imagesearch
