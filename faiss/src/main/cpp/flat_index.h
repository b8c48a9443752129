// An IVFFlat index whose scanner is ours, so that Faiss's own searches are scanned by it too. Its files are Faiss's.
#pragma once

#include <faiss/IndexIVFFlat.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <faiss/impl/FaissAssert.h>
#include <faiss/utils/Heap.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "list_screen.h"
#include "scan.h"

namespace imagesearch {

// For inner products.
struct FlatScanner final : faiss::InvertedListScanner {
    FlatScorer scorer;

    FlatScanner(size_t dimension, bool store_pairs, const faiss::IDSelector* selector)
            : InvertedListScanner(store_pairs, selector), scorer(dimension) {
        keep_max = true;
        code_size = dimension * sizeof(float);
    }

    void set_query(const float* query) override {
        scorer.set_query(query);
    }

    void set_list(idx_t list, float coarse_score) override {
        list_no = list;
        scorer.set_list(list, coarse_score);
    }

    float distance_to_code(const uint8_t* code) const override {
        float score;
        scorer.scores(code, 1, &score);
        return score;
    }

    size_t scan_codes(size_t n, const uint8_t* codes, const idx_t* ids, float* scores, idx_t* labels, size_t k)
            const override {
        size_t updates = 0;
        visit(n, codes, ids, [&] { return scores[0]; }, [&](float score, idx_t label) {
            if (score > scores[0]) {
                faiss::minheap_replace_top(k, scores, labels, score, label);
                updates++;
            }
        });
        return updates;
    }

    void scan_codes_range(
            size_t n,
            const uint8_t* codes,
            const idx_t* ids,
            float radius,
            faiss::RangeQueryResult& result) const override {
        visit(n, codes, ids, [=] { return radius; }, [&](float score, idx_t label) {
            if (score > radius) {
                result.add(score, label);
            }
        });
    }

private:
    template <typename Threshold, typename Take>
    void visit(size_t n, const uint8_t* codes, const idx_t* ids, Threshold threshold, Take take) const {
        FAISS_THROW_IF_NOT_MSG(sel == nullptr || ids != nullptr, "a selector needs the ids");
        imagesearch::scan_codes(scorer, codes, n, code_size, threshold, [&](float score, size_t place) {
            if (sel == nullptr || sel->is_member(id_at(ids, place))) {
                take(score, store_pairs ? faiss::lo_build(list_no, place) : id_at(ids, place));
            }
        });
    }
};

struct FlatIndex final : faiss::IndexIVFFlat {
    // Null unless it was asked for; without it, searches read the vectors themselves.
    std::unique_ptr<const ListScreen> screen;

    using IndexIVFFlat::IndexIVFFlat;

    // Takes over what the other index owns: nothing is copied.
    explicit FlatIndex(std::unique_ptr<faiss::IndexIVFFlat> other) : IndexIVFFlat(*other) {
        other->own_invlists = false;
        other->own_fields = false;
    }

    void add_core(idx_t n, const float* vectors, const idx_t* ids, const idx_t* lists) override {
        screen.reset();
        IndexIVFFlat::add_core(n, vectors, ids, lists);
    }

    faiss::InvertedListScanner* get_InvertedListScanner(bool store_pairs, const faiss::IDSelector* selector)
            const override {
        if (metric_type != faiss::METRIC_INNER_PRODUCT) {
            return IndexIVFFlat::get_InvertedListScanner(store_pairs, selector);
        }
        return new FlatScanner(d, store_pairs, selector);
    }
};

} // namespace imagesearch
