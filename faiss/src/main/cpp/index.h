// IVF indexes behind handles: made, read, written, filled, and looked into list by list.
#pragma once

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/io.h>
#include <faiss/index_io.h>
#include <faiss/invlists/InvertedLists.h>
#include <faiss/invlists/OnDiskInvertedLists.h>
#include <omp.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

#include "coarse.h"
#include "codecs.h"
#include "flat_index.h"
#include "memory_lists.h"

namespace imagesearch {

inline faiss::IndexIVF* ivf(int64_t handle) {
    return reinterpret_cast<faiss::IndexIVF*>(handle);
}

inline const faiss::IndexFlat* coarse(int64_t handle) {
    return static_cast<const faiss::IndexFlat*>(ivf(handle)->quantizer);
}

// The address as the base class has it, whatever the index is.
inline int64_t handle_of(faiss::IndexIVF* index) {
    return reinterpret_cast<int64_t>(index);
}

// A trained, empty index over float[nlist * dimension] centroids, which holds the vectors themselves.
inline int64_t ivf_from_centroids(const float* centroids, int64_t nlist, int32_t dimension) {
    return handle_of(trained_index(centroids, nlist, dimension, Codec::flat, 0, nullptr, 0, 1));
}

// A trained, empty index over float[nlist * dimension] centroids, whose codec is trained on float[n * dimension] vectors.
inline int64_t ivf_trained(
        const float* centroids,
        int64_t nlist,
        int32_t dimension,
        int32_t codec,
        int32_t product_bytes,
        const float* training,
        int64_t n,
        int32_t threads) {
    return handle_of(trained_index(
            centroids, nlist, dimension, static_cast<Codec>(codec), product_bytes, training, n, threads));
}

// Takes lists that are mapped into memory: those that are empty as Faiss's own, so that vectors can be added.
inline void unmap_lists(faiss::IndexIVF& index, const char* path) {
    std::unique_ptr<faiss::InvertedLists> lists;
    if (index.ntotal == 0) {
        lists = std::make_unique<faiss::ArrayInvertedLists>(index.nlist, index.code_size);
    } else {
        const auto& mapped = dynamic_cast<const faiss::OnDiskInvertedLists&>(*index.invlists);
        lists = std::make_unique<MemoryLists>(mapped, path);
    }
    index.replace_invlists(lists.release(), true);
}

// Makes Faiss's own of lists that were read: those it can add to, and write.
inline void make_growing(faiss::IndexIVF& index) {
    const auto* fixed = dynamic_cast<const MemoryLists*>(index.invlists);
    if (fixed == nullptr) {
        return;
    }
    auto growing = std::make_unique<faiss::ArrayInvertedLists>(index.nlist, index.code_size);
    for (size_t list = 0; list < index.nlist; list++) {
        growing->add_entries(list, fixed->list_size(list), fixed->get_ids(list), fixed->get_codes(list));
    }
    index.replace_invlists(growing.release(), true);
}

inline int64_t ivf_read(const char* path, bool map) {
    std::unique_ptr<faiss::Index> any(faiss::read_index(path, faiss::IO_FLAG_MMAP | faiss::IO_FLAG_READ_ONLY));
    auto* index = dynamic_cast<faiss::IndexIVF*>(any.get());
    if (index == nullptr) {
        throw std::invalid_argument("not an IVF index");
    }
    require_known_codec(*index);
    if (index->metric_type != faiss::METRIC_INNER_PRODUCT) {
        throw std::invalid_argument("its metric is not the inner product");
    }
    if (!map) {
        unmap_lists(*index, path);
    }
    auto* flat = dynamic_cast<faiss::IndexFlat*>(index->quantizer);
    if (flat == nullptr || flat->ntotal != static_cast<int64_t>(index->nlist)) {
        throw std::invalid_argument("its coarse quantizer is not a flat index of nlist centroids");
    }
    auto centroids = std::make_unique<CentroidIndex>(*flat);
    delete flat;
    index->quantizer = centroids.release();
    any.release();
    if (auto* exact = dynamic_cast<faiss::IndexIVFFlat*>(index)) {
        return handle_of(new FlatIndex(std::unique_ptr<faiss::IndexIVFFlat>(exact)));
    }
    prepare_codec(*index);
    return handle_of(index);
}

// Makes a screen of an index of flat codes, from which later searches read before they read vectors; adding to the index drops it.
inline void ivf_screen(int64_t handle) {
    auto* index = dynamic_cast<FlatIndex*>(ivf(handle));
    if (index == nullptr) {
        throw std::invalid_argument("only an index of flat codes is screened");
    }
    index->screen = std::make_unique<ListScreen>(*index->invlists, *coarse(handle));
}

// Bytes of memory that the screen takes, 0 without one.
inline int64_t ivf_screen_bytes(int64_t handle) {
    const auto* index = dynamic_cast<const FlatIndex*>(ivf(handle));
    return index == nullptr || index->screen == nullptr ? 0 : static_cast<int64_t>(index->screen->bytes());
}

inline void ivf_free(int64_t handle) {
    delete ivf(handle);
}

// No other call may be under way.
inline void ivf_write(int64_t handle, const char* path) {
    make_growing(*ivf(handle));
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

inline void ivf_add(int64_t handle, const float* vectors, const int64_t* ids, const int64_t* lists, int64_t n) {
    omp_set_num_threads(1);
    make_growing(*ivf(handle));
    ivf(handle)->add_core(n, vectors, ids, lists);
}

// Bytes of one vector as the lists hold it.
inline int64_t ivf_code_bytes(int64_t handle) {
    return ivf(handle)->code_size;
}

// The codes of vectors as the lists hold them: uint8_t[n * code size].
inline void ivf_encode(int64_t handle, const float* vectors, int64_t n, const int64_t* lists, uint8_t* codes) {
    omp_set_num_threads(1);
    ivf(handle)->encode_vectors(n, vectors, lists, codes, false);
}

inline int64_t ivf_list_size(int64_t handle, int64_t list) {
    return ivf(handle)->invlists->list_size(list);
}

// Vectors in some lists.
inline int64_t ivf_vectors_in(int64_t handle, const int64_t* lists, int64_t n) {
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        sum += lists[i] < 0 ? 0 : ivf_list_size(handle, lists[i]);
    }
    return sum;
}

inline void ivf_list_ids(int64_t handle, int64_t list, int64_t* out) {
    faiss::InvertedLists::ScopedIds ids(ivf(handle)->invlists, list);
    std::memcpy(out, ids.get(), sizeof(int64_t) * ivf_list_size(handle, list));
}

// What they stand for, where codes lose something.
inline void ivf_list_vectors(int64_t handle, int64_t list, int64_t from, int64_t count, float* out) {
    faiss::InvertedLists::ScopedCodes codes(ivf(handle)->invlists, list);
    decode(*ivf(handle), list, codes.get() + from * ivf(handle)->code_size, count, out);
}

// The vectors that n codes of a list stand for, float[n * dimension].
inline void ivf_decode(int64_t handle, int64_t list, const uint8_t* codes, int64_t n, float* out) {
    decode(*ivf(handle), list, codes, n, out);
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

} // namespace imagesearch
