// Scorers of codes: inner products of a query with what half floats, bytes and product quantizer codes stand for.
//
// Codes of residuals score q . (centroid + residual) = coarse score + q . residual.
#pragma once

#include <faiss/IndexIVFPQ.h>
#include <faiss/IndexScalarQuantizer.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "code_kernels.h"
#include "scorer.h"

namespace imagesearch {

// Bytes on a scale per dimension. A code c of dimension j stands for min_j + (c + 0.5) / 255 * range_j, so that
// q . v = base + sum of c_j * w_j, where w_j = q_j * range_j / 255 and base = q . (min + range * 0.5 / 255). The weights are
// rounded to 15 bits and a sign, all by one scale.
class ByteScorer final : public Scorer {
public:
    explicit ByteScorer(const faiss::IndexIVFScalarQuantizer& index)
            : dimension(index.d),
              least(index.sq.trained.data()),
              ranges(least + index.d),
              residual(index.by_residual),
              sums(code_kernels().byte_sums),
              weights((dimension + ByteQuery::padding - 1) / ByteQuery::padding * ByteQuery::padding),
              high(weights.size()),
              low(weights.size()) {}

    void set_query(const float* query) override {
        double largest = 0;
        query_base = 0;
        for (size_t j = 0; j < dimension; j++) {
            largest = std::max(largest, std::fabs(double(query[j]) * ranges[j]));
            query_base += query[j] * (least[j] + ranges[j] * (0.5 / 255));
        }
        scale = largest / 255 / ByteQuery::largest_weight;
        double inverse = largest > 0 ? ByteQuery::largest_weight / largest : 0;
        for (size_t j = 0; j < dimension; j++) {
            int weight = static_cast<int>(std::lrint(double(query[j]) * ranges[j] * inverse));
            int upper = (weight + (weight >= 0 ? ByteQuery::half / 2 : -ByteQuery::half / 2)) / ByteQuery::half;
            weights[j] = static_cast<int16_t>(weight);
            high[j] = static_cast<int8_t>(upper);
            low[j] = static_cast<int8_t>(weight - upper * ByteQuery::half);
        }
    }

    void set_list(int64_t /* list */, float coarse_score) override {
        base = query_base + (residual ? coarse_score : 0);
    }

    void scores(const uint8_t* codes, size_t n, float* out) const override {
        ByteQuery query = {dimension, weights.data(), high.data(), low.data()};
        int64_t part[chunk];
        for (size_t from = 0; from < n; from += chunk) {
            size_t count = std::min(chunk, n - from);
            sums(query, codes + from * dimension, count, part);
            for (size_t i = 0; i < count; i++) {
                out[from + i] = static_cast<float>(base + scale * static_cast<double>(part[i]));
            }
        }
    }

private:
    static constexpr size_t chunk = 64;

    const size_t dimension;
    const float* const least;
    const float* const ranges;
    const bool residual;
    void (*const sums)(const ByteQuery&, const uint8_t*, size_t, int64_t*);
    std::vector<int16_t> weights;
    std::vector<int8_t> high;
    std::vector<int8_t> low;
    double scale = 0;
    double query_base = 0;
    double base = 0;
};

// Half floats.
class HalfScorer final : public Scorer {
public:
    HalfScorer(size_t dimension, bool residual)
            : dimension(dimension), residual(residual), products(code_kernels().half_products) {}

    void set_query(const float* query) override {
        this->query = query;
    }

    void set_list(int64_t /* list */, float coarse_score) override {
        base = residual ? coarse_score : 0;
    }

    void scores(const uint8_t* codes, size_t n, float* out) const override {
        products(query, codes, n, dimension, out);
        if (residual) {
            for (size_t i = 0; i < n; i++) {
                out[i] += base;
            }
        }
    }

private:
    const size_t dimension;
    const bool residual;
    void (*const products)(const float*, const uint8_t*, size_t, size_t, float*);
    const float* query = nullptr;
    float base = 0;
};

// Codes of a product quantizer, a byte per part, looked up in a table per query, by plain loads.
class ProductScorer final : public Scorer {
public:
    explicit ProductScorer(const faiss::IndexIVFPQ& index)
            : quantizer(index.pq),
              residual(index.by_residual),
              fill(code_kernels().product_table),
              table(index.pq.M * product_entries) {
        if (quantizer.transposed_centroids.size() != quantizer.centroids.size()) {
            throw std::logic_error("the codebooks were not prepared");
        }
    }

    void set_query(const float* query) override {
        fill(query, quantizer.transposed_centroids.data(), quantizer.M, quantizer.dsub, table.data());
    }

    void set_list(int64_t /* list */, float coarse_score) override {
        base = residual ? coarse_score : 0;
    }

    void scores(const uint8_t* codes, size_t n, float* out) const override {
        size_t parts = quantizer.M;
        size_t i = 0;
        for (; i + 4 <= n; i += 4) {
            look_up<4>(codes + i * parts, out + i);
        }
        for (; i < n; i++) {
            look_up<1>(codes + i * parts, out + i);
        }
    }

private:
    template <size_t rows>
    void look_up(const uint8_t* codes, float* out) const {
        size_t parts = quantizer.M;
        float sums[rows];
        std::fill_n(sums, rows, base);
        for (size_t i = 0; i < rows * parts; i += 64) {
            __builtin_prefetch(codes + code_bytes_ahead + i);
        }
        size_t m = 0;
        for (; m + 8 <= parts; m += 8) {
            const float* part = table.data() + m * product_entries;
            for (size_t row = 0; row < rows; row++) {
                uint64_t eight;
                std::memcpy(&eight, codes + row * parts + m, sizeof(eight));
                float even = entry(part, 0, eight) + entry(part, 2, eight);
                float odd = entry(part, 1, eight) + entry(part, 3, eight);
                even += entry(part, 4, eight) + entry(part, 6, eight);
                odd += entry(part, 5, eight) + entry(part, 7, eight);
                sums[row] += even + odd;
            }
        }
        for (; m < parts; m++) {
            for (size_t row = 0; row < rows; row++) {
                sums[row] += table[m * product_entries + codes[row * parts + m]];
            }
        }
        std::copy_n(sums, rows, out);
    }

    static float entry(const float* tables, size_t place, uint64_t codes) {
        return tables[place * product_entries + (codes >> 8 * place & 255)];
    }

    const faiss::ProductQuantizer& quantizer;
    const bool residual;
    void (*const fill)(const float*, const float*, size_t, size_t, float*);
    std::vector<float> table;
    float base = 0;
};

// The scorer of what an index holds.
inline std::unique_ptr<Scorer> scorer_of(const faiss::IndexIVF& index) {
    if (has_flat_codes(index)) {
        return std::make_unique<FlatScorer>(index.d);
    }
    if (auto* product = dynamic_cast<const faiss::IndexIVFPQ*>(&index)) {
        return std::make_unique<ProductScorer>(*product);
    }
    auto* scalar = dynamic_cast<const faiss::IndexIVFScalarQuantizer*>(&index);
    if (scalar == nullptr) {
        throw std::logic_error("an index without a scorer");
    }
    if (scalar->sq.qtype == faiss::ScalarQuantizer::QT_fp16) {
        return std::make_unique<HalfScorer>(scalar->d, scalar->by_residual);
    }
    return std::make_unique<ByteScorer>(*scalar);
}

} // namespace imagesearch
