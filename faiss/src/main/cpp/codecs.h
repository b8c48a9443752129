// What inverted lists hold in place of floats: half floats, bytes on a scale per dimension, or product quantizer codes.
#pragma once

#include <faiss/IndexFlat.h>
#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexScalarQuantizer.h>
#include <omp.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "coarse.h"
#include "flat_index.h"

namespace imagesearch {

// As the Java side numbers them.
enum class Codec : int32_t { flat = 0, fp16 = 1, bytes = 2, product = 3 };

constexpr size_t PRODUCT_BITS = 8;

// Whether codes stand for the difference from the centroid.
inline bool by_residual(const faiss::IndexIVF& index) {
    if (auto* scalar = dynamic_cast<const faiss::IndexIVFScalarQuantizer*>(&index)) {
        return scalar->by_residual;
    }
    if (auto* product = dynamic_cast<const faiss::IndexIVFPQ*>(&index)) {
        return product->by_residual;
    }
    return false;
}

// Refuses what no search of ours handles; a file of another program may hold it.
inline void require_known_codec(const faiss::IndexIVF& index) {
    if (dynamic_cast<const faiss::IndexIVFFlat*>(&index) != nullptr) {
        return;
    }
    if (auto* scalar = dynamic_cast<const faiss::IndexIVFScalarQuantizer*>(&index)) {
        if (scalar->sq.qtype == faiss::ScalarQuantizer::QT_fp16 || scalar->sq.qtype == faiss::ScalarQuantizer::QT_8bit) {
            return;
        }
        throw std::invalid_argument("its scalar quantizer is neither fp16 nor 8 bits with a range per dimension");
    }
    if (auto* product = dynamic_cast<const faiss::IndexIVFPQ*>(&index)) {
        if (product->pq.nbits == PRODUCT_BITS) {
            return;
        }
        throw std::invalid_argument("its product quantizer has other codes than 8 bits");
    }
    throw std::invalid_argument("not an IVF index of floats, half floats, bytes or product quantizer codes");
}

// Scoring and encoding read the codebooks by dimension.
inline void prepare_codec(faiss::IndexIVF& index) {
    if (auto* product = dynamic_cast<faiss::IndexIVFPQ*>(&index)) {
        product->pq.sync_transposed_centroids();
    }
}

// A trained, empty index over float[nlist * dimension] centroids, whose codec is trained on float[n * dimension] vectors:
// the ranges of bytes, the codebooks of a product quantizer; half floats need none.
inline faiss::IndexIVF* trained_index(
        const float* centroids,
        int64_t nlist,
        int32_t dimension,
        Codec codec,
        int32_t product_bytes,
        const float* training,
        int64_t n,
        int32_t threads) {
    faiss::IndexFlatIP flat(dimension);
    flat.add(nlist, centroids);
    auto quantizer = std::make_unique<CentroidIndex>(flat);
    std::unique_ptr<faiss::IndexIVF> index;
    switch (codec) {
        case Codec::flat:
            index = std::make_unique<FlatIndex>(quantizer.get(), dimension, nlist, faiss::METRIC_INNER_PRODUCT);
            break;
        case Codec::fp16:
        case Codec::bytes:
            index = std::make_unique<faiss::IndexIVFScalarQuantizer>(
                    quantizer.get(),
                    dimension,
                    nlist,
                    codec == Codec::fp16 ? faiss::ScalarQuantizer::QT_fp16 : faiss::ScalarQuantizer::QT_8bit,
                    faiss::METRIC_INNER_PRODUCT,
                    // Residuals have narrower ranges, hence finer steps; half floats do not need them.
                    codec == Codec::bytes);
            break;
        case Codec::product: {
            auto product = std::make_unique<faiss::IndexIVFPQ>(
                    quantizer.get(), dimension, nlist, product_bytes, PRODUCT_BITS, faiss::METRIC_INNER_PRODUCT);
            product->by_residual = true;
            product->pq.cp.min_points_per_centroid = 1; // what is too few, the caller knows; Faiss would warn per codebook
            index = std::move(product);
            break;
        }
    }
    if (index == nullptr) {
        throw std::invalid_argument("unknown codec");
    }
    index->quantizer = quantizer.release();
    index->own_fields = true;
    if (codec == Codec::bytes || codec == Codec::product) {
        int before = omp_get_max_threads();
        omp_set_num_threads(threads);
        try {
            index->train_residual(n, training);
        } catch (...) {
            omp_set_num_threads(before);
            throw;
        }
        omp_set_num_threads(before);
    }
    index->is_trained = true;
    prepare_codec(*index);
    return index.release();
}

// The vectors that n codes of a list stand for, float[n * dimension].
inline void decode(const faiss::IndexIVF& index, int64_t list, const uint8_t* codes, int64_t n, float* out) {
    if (auto* scalar = dynamic_cast<const faiss::IndexIVFScalarQuantizer*>(&index)) {
        scalar->sq.decode(codes, out, n);
    } else if (auto* product = dynamic_cast<const faiss::IndexIVFPQ*>(&index)) {
        product->pq.decode(codes, out, n);
    } else {
        std::memcpy(out, codes, n * index.code_size);
    }
    // Not Faiss's own reconstruct_from_offset: of scalar quantizers it adds the centroid whether codes are residuals or not.
    if (by_residual(index)) {
        const float* centroid =
                static_cast<const faiss::IndexFlat*>(index.quantizer)->get_xb() + list * index.d;
        for (int64_t i = 0; i < n; i++) {
            for (int j = 0; j < index.d; j++) {
                out[i * index.d + j] += centroid[j];
            }
        }
    }
}

} // namespace imagesearch
