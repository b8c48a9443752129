// Scores of one query with the codes of a list, each kind of code by kernels of its own. Scanning, thresholds, filters and
// prefetching are written once, in scan.h, for all of them.
#pragma once

#include <faiss/IndexIVF.h>
#include <faiss/IndexIVFFlat.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "kernels.h"

namespace imagesearch {

struct Scorer {
    virtual ~Scorer() = default;

    // float[dimension], which must stay where it is until the next one.
    virtual void set_query(const float* query) = 0;

    // The codes that follow are of this list, which has this score with the query.
    virtual void set_list(int64_t list, float coarse_score) = 0;

    // Where the list ends that is scored, and where the one begins that is scored after it: kernels may fetch it meanwhile.
    virtual void set_fetching(Fetching /* fetching */) {}

    // The inner products with n codes that stand behind each other, at any address.
    virtual void scores(const uint8_t* codes, size_t n, float* out) const = 0;
};

// Codes that are the vectors themselves.
struct FlatScorer final : Scorer {
    const Kernels& kernel;
    const size_t dimension;
    const float* query = nullptr;
    Fetching fetching;

    explicit FlatScorer(size_t dimension) : kernel(kernels()), dimension(dimension) {}

    void set_query(const float* query) override {
        this->query = query;
    }

    void set_list(int64_t /* list */, float /* coarse_score */) override {}

    void set_fetching(Fetching fetching) override {
        this->fetching = fetching;
    }

    void scores(const uint8_t* codes, size_t n, float* out) const override {
        kernel.products_of_one(query, codes, n, dimension, fetching, out);
    }
};

// Codes that there are no kernels for, one at a time by Faiss.
struct FaissScorer final : Scorer {
    const std::unique_ptr<faiss::InvertedListScanner> scanner;
    const size_t code_size;

    explicit FaissScorer(const faiss::IndexIVF& index)
            : scanner(index.get_InvertedListScanner(false, nullptr)), code_size(index.code_size) {}

    void set_query(const float* query) override {
        scanner->set_query(query);
    }

    void set_list(int64_t list, float coarse_score) override {
        scanner->set_list(list, coarse_score);
    }

    void scores(const uint8_t* codes, size_t n, float* out) const override {
        for (size_t i = 0; i < n; i++) {
            out[i] = scanner->distance_to_code(codes + i * code_size);
        }
    }
};

inline bool has_flat_codes(const faiss::IndexIVF& index) {
    return dynamic_cast<const faiss::IndexIVFFlat*>(&index) != nullptr;
}

inline std::unique_ptr<Scorer> scorer_of(const faiss::IndexIVF& index) {
    if (has_flat_codes(index)) {
        return std::make_unique<FlatScorer>(index.d);
    }
    return std::make_unique<FaissScorer>(index);
}

} // namespace imagesearch
