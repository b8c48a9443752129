// Copies of vectors in bytes, a quarter of their size, that tell which vectors may be among the k best. Those alone are then scored
// exactly: what is found, and with which score, does not change by a bit.
//
// A row x becomes base + scale * code, code in int8, base one vector for all rows (their centroid). For a query q, taken as
// unit * whole numbers,
//
//     q x = q base + scale unit (code whole) + error,
//     |error| <= |q| |x - base - scale code| + |q - unit whole| |scale code|         (Cauchy and Schwarz)
//
// and a term for the rounding of our own sums. The first norm is kept for each row, so the bound holds for whatever rows there are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels.h"
#include "scan.h"
#include "top_hits.h"

namespace imagesearch {

// Rows of a screen: each of `row_bytes`, then a scale and a slack for each.
struct ScreenedRows {
    size_t n = 0;
    const int8_t* codes = nullptr;
    const float* scales = nullptr;
    const float* slacks = nullptr;
    // No row, no base and no decoded code is longer.
    float longest = 0;
};

// Makes up for what a double loses when it becomes a float.
inline constexpr double rounded_up = 1 + 1e-6;

// The product of two of them is far from where floats lose digits.
inline constexpr float least_scale = 1e-12f;

inline size_t screen_row_bytes(size_t dimension) {
    size_t unit = Kernels::integer_row_unit;
    return (dimension + unit - 1) / unit * unit;
}

// Bytes of memory for n rows.
inline size_t screen_bytes(size_t n, size_t dimension) {
    size_t bytes = n * (screen_row_bytes(dimension) + 2 * sizeof(float));
    return (bytes + cache_line_bytes - 1) / cache_line_bytes * cache_line_bytes;
}

// Fills zeroed memory of screen_bytes(n, dimension) from n rows of floats at any address.
inline ScreenedRows screen_rows(
        const uint8_t* rows,
        size_t n,
        size_t dimension,
        const float* base,
        uint8_t* memory) {
    size_t row_bytes = screen_row_bytes(dimension);
    auto* codes = reinterpret_cast<int8_t*>(memory);
    auto* scales = reinterpret_cast<float*>(memory + n * row_bytes);
    float* slacks = scales + n;
    double base_square = 0;
    for (size_t j = 0; j < dimension; j++) {
        base_square += static_cast<double>(base[j]) * base[j];
    }
    double longest = std::sqrt(base_square);
    std::vector<float> row(dimension);
    for (size_t i = 0; i < n; i++) {
        std::memcpy(row.data(), rows + i * dimension * sizeof(float), dimension * sizeof(float));
        float most = 0;
        double square = 0;
        for (size_t j = 0; j < dimension; j++) {
            most = std::max(most, std::fabs(row[j] - base[j]));
            square += static_cast<double>(row[j]) * row[j];
        }
        bool finite = std::isfinite(square) && std::isfinite(most);
        // Of a row so near to its base, the distance is the bound: a scale that small would not multiply well.
        float scale = finite && most / 127 > least_scale ? most / 127 : 0;
        double error = 0;
        double decoded = 0;
        for (size_t j = 0; j < dimension && finite; j++) {
            double part = static_cast<double>(row[j]) - base[j];
            double kept = 0;
            if (scale > 0) {
                auto code = static_cast<int8_t>(std::clamp<long>(std::lrint(part / scale), -127, 127));
                codes[i * row_bytes + j] = code;
                kept = static_cast<double>(scale) * code;
            }
            decoded += kept * kept;
            error += (part - kept) * (part - kept);
        }
        scales[i] = scale;
        // Rounded up. Of a row that holds no numbers nothing is known: it is always scored.
        slacks[i] = finite ? static_cast<float>(std::sqrt(error) * rounded_up) : std::numeric_limits<float>::infinity();
        if (finite) {
            longest = std::max({longest, std::sqrt(square), std::sqrt(decoded)});
        }
    }
    return {n, codes, scales, slacks, static_cast<float>(longest * rounded_up)};
}

// A query in whole numbers.
class ScreenQuery {
public:
    ScreenQuery(const float* query, size_t dimension, int16_t* whole) : dimension(dimension), whole(whole) {
        double square = 0;
        double sum = 0;
        float most = 0;
        for (size_t j = 0; j < dimension; j++) {
            square += static_cast<double>(query[j]) * query[j];
            sum += std::fabs(query[j]);
            most = std::max(most, std::fabs(query[j]));
        }
        // Neither leaves a number its 16 bits, nor a sum with codes its 32.
        double finest = std::max(most / 32766.0, sum * 127 / 2.1e9);
        unit = static_cast<float>(finest);
        exact = std::isfinite(square) && unit > least_scale;
        if (!exact) {
            return;
        }
        double error = 0;
        for (size_t j = 0; j < dimension; j++) {
            auto number = static_cast<int16_t>(std::lrint(query[j] / static_cast<double>(unit)));
            whole[j] = number;
            double part = query[j] - static_cast<double>(unit) * number;
            error += part * part;
        }
        std::fill(whole + dimension, whole + screen_row_bytes(dimension), static_cast<int16_t>(0));
        length = static_cast<float>(std::sqrt(square) * rounded_up);
        // What float sums of `dimension` products round, twice over: here and in the exact score.
        double rounding = 4.0 * (static_cast<double>(dimension) + 16) * std::numeric_limits<float>::epsilon() / 2;
        per_length = static_cast<float>((std::sqrt(error) + rounding * std::sqrt(square)) * rounded_up);
    }

    // Whether bounds can be given: not for zero, infinity and what is no number.
    bool usable() const {
        return exact;
    }

    // Bounds of the scores of rows from..from+n. base_score is the score of their base, as the kernels give it.
    void bounds(
            const ScreenedRows& rows,
            const ScreenedRows* next,
            size_t from,
            size_t n,
            float base_score,
            float* lower,
            float* upper) const {
        size_t row_bytes = screen_row_bytes(dimension);
        Fetching fetching{
                reinterpret_cast<const uint8_t*>(rows.codes + rows.n * row_bytes),
                next == nullptr ? nullptr : reinterpret_cast<const uint8_t*>(next->codes)};
        kernels().integer_products(whole, rows.codes + from * row_bytes, n, row_bytes, fetching, lower);
        float fixed = per_length * rows.longest;
        for (size_t i = 0; i < n; i++) {
            float middle = lower[i] * (rows.scales[from + i] * unit) + base_score;
            float error = rows.slacks[from + i] * length + fixed;
            lower[i] = middle - error;
            upper[i] = middle + error;
        }
    }

private:
    const size_t dimension;
    const int16_t* const whole;
    float unit = 0;
    float length = 0;
    float per_length = 0;
    bool exact = false;
};

// What may be among the k best of a query, while screened lists go by. The k-th lower bound so far is what an upper bound must reach.
class ScreenedHits {
public:
    struct Candidate {
        float upper;
        const uint8_t* row;
        int64_t id;
    };

    static size_t candidate_room(size_t k) {
        return 4 * k + 1024;
    }

    ScreenedHits(const Scorer& scorer, size_t dimension, TopHits& hits, TopHits& lower, Candidate* candidates, size_t room)
            : scorer(scorer), row_bytes(dimension * sizeof(float)), hits(hits), lower(lower), candidates(candidates),
              room(room) {}

    // What an upper bound must reach.
    float threshold() const {
        return std::max(hits.threshold(), lower.threshold());
    }

    void take(float lower_bound, float upper_bound, const uint8_t* row, int64_t id) {
        lower.take(lower_bound, id);
        candidates[size++] = {upper_bound, row, id};
        if (size == room) {
            drop();
            if (size > room / 2) {
                score();
            }
        }
    }

    // Scores exactly what is left; hits has the result.
    void finish() {
        lower.settle();
        drop();
        score();
    }

private:
    void drop() {
        float least = threshold();
        Candidate* end = std::remove_if(
                candidates, candidates + size, [least](const Candidate& c) { return c.upper < least; });
        size = static_cast<size_t>(end - candidates);
    }

    void score() {
        // Rows lie anywhere: each is fetched while those before it are scored.
        constexpr size_t rows_ahead = 4;
        for (size_t i = 0; i < size + rows_ahead; i++) {
            if (i < size) {
                for (size_t at = 0; at < row_bytes; at += cache_line_bytes) {
                    __builtin_prefetch(candidates[i].row + at);
                }
            }
            if (i >= rows_ahead) {
                const Candidate& candidate = candidates[i - rows_ahead];
                float score;
                scorer.scores(candidate.row, 1, &score);
                hits.take(score, candidate.id);
            }
        }
        size = 0;
    }

    const Scorer& scorer;
    const size_t row_bytes;
    TopHits& hits;
    TopHits& lower;
    Candidate* const candidates;
    const size_t room;
    size_t size = 0;
};

// Screens the rows of one list; those of `next`, if there are, come after it.
template <typename IdOf>
inline void scan_screened(
        const ScreenQuery& query,
        const ScreenedRows& rows,
        const ScreenedRows* next,
        float base_score,
        const uint8_t* codes,
        size_t code_size,
        const faiss::IDSelector* selector,
        ScreenedHits& hits,
        IdOf id_of) {
    alignas(cache_line_bytes) float lower[block_codes];
    alignas(cache_line_bytes) float upper[block_codes];
    uint32_t places[block_codes + Kernels::spare_places];
    auto at_least = kernels().at_least;
    if (next != nullptr) {
        for (size_t i = 0; i < std::min(next->n, block_codes); i += cache_line_bytes / sizeof(float)) {
            __builtin_prefetch(next->scales + i);
            __builtin_prefetch(next->slacks + i);
        }
    }
    for (size_t begin = 0; begin < rows.n; begin += block_codes) {
        size_t count = std::min(block_codes, rows.n - begin);
        query.bounds(rows, next, begin, count, base_score, lower, upper);
        size_t kept = at_least(upper, count, hits.threshold(), places);
        for (size_t i = 0; i < kept; i++) {
            size_t place = begin + places[i];
            if (!(upper[places[i]] >= hits.threshold())) {
                continue;
            }
            int64_t id = id_of(place);
            if (selector == nullptr || selector->is_member(id)) {
                hits.take(lower[places[i]], upper[places[i]], codes + place * code_size, id);
            }
        }
    }
}

} // namespace imagesearch
