// Copies of vectors in bytes, a quarter of their size, that tell which vectors may be among the k best. Those alone are then scored
// exactly: what is found, and with which score, does not change by a bit.
//
// A row x becomes base + scale * code, code in 8 bits, base one vector for all rows (their centroid). The upper four bits of all
// codes of a row stand apart from the lower ones: from them alone comes a bound that most rows do not pass, so that a search reads
// an eighth of the vectors' memory, and the other halves of a few. For a query q,
//
//     q x = q base + scale (q code) + q e,    |q e| <= |q| |e|         (Cauchy and Schwarz)
//
// where e, what the code leaves of x, has a length that is kept for each row, so that the bound holds for whatever rows there are.
// Of the halves, e is long. Its part along the base is kept too: as q base is known, only what q and e have across it is bounded.
// What q loses as whole numbers, and the rounding of our own sums, are bounded likewise.
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

// Rows of a screen: the halves of their codes, see kernels.h, and some numbers for each.
struct ScreenedRows {
    size_t n = 0;
    const uint8_t* high = nullptr;
    const uint8_t* low = nullptr;
    const float* scales = nullptr;
    // How long e is at most.
    const float* slacks = nullptr;
    // Of the high halves alone: e is as many bases, and across them as long at most.
    const float* along = nullptr;
    const float* across = nullptr;
    float base_length = 0;
    // No row, no base and no decoded code is longer.
    float longest = 0;
    // No decoded code is longer.
    float longest_decoded = 0;
};

// Makes up for what a double loses when it becomes a float.
inline constexpr double rounded_up = 1 + 1e-6;

// The product of two of them is far from where floats lose digits.
inline constexpr float least_scale = 1e-12f;

// What stands for a row where only the upper four bits of its codes are known: the middle of the lower ones.
inline constexpr double middle_of_low = 7.5;

// Bytes of the halves of a row.
inline size_t screen_half_bytes(size_t dimension) {
    size_t numbers = 2 * Kernels::half_block;
    return (dimension + numbers - 1) / numbers * Kernels::half_block;
}

// Bytes of memory for n rows.
inline size_t screen_bytes(size_t n, size_t dimension) {
    size_t bytes = n * (2 * screen_half_bytes(dimension) + 4 * sizeof(float));
    return (bytes + cache_line_bytes - 1) / cache_line_bytes * cache_line_bytes;
}

// Makes screened rows of rows of floats with one base.
class RowScreener {
public:
    RowScreener(const float* base, size_t dimension) : base(base), dimension(dimension), codes(dimension), row(dimension) {
        double square = 0;
        for (size_t j = 0; j < dimension; j++) {
            square += static_cast<double>(base[j]) * base[j];
        }
        base_square = square;
    }

    // Fills zeroed memory of screen_bytes(n, dimension) from n rows at any address.
    ScreenedRows screen(const uint8_t* rows, size_t n, uint8_t* memory) {
        size_t half_bytes = screen_half_bytes(dimension);
        uint8_t* high = memory;
        uint8_t* low = high + n * half_bytes;
        auto* scales = reinterpret_cast<float*>(low + n * half_bytes);
        float* slacks = scales + n;
        float* along = slacks + n;
        float* across = along + n;
        longest = std::sqrt(base_square);
        longest_decoded = 0;
        for (size_t i = 0; i < n; i++) {
            std::memcpy(row.data(), rows + i * dimension * sizeof(float), dimension * sizeof(float));
            scales[i] = encode();
            slacks[i] = length_of_rest(scales[i]);
            split_rest(scales[i], along[i], across[i]);
            store(high + i * half_bytes, low + i * half_bytes);
        }
        return {n,
                high,
                low,
                scales,
                slacks,
                along,
                across,
                up(std::sqrt(base_square)),
                up(longest),
                up(longest_decoded)};
    }

private:
    static float up(double length) {
        return static_cast<float>(length * rounded_up);
    }

    // Makes the codes of the row, and returns their scale.
    float encode() {
        float most = 0;
        double square = 0;
        for (size_t j = 0; j < dimension; j++) {
            most = std::max(most, std::fabs(row[j] - base[j]));
            square += static_cast<double>(row[j]) * row[j];
        }
        finite = std::isfinite(square) && std::isfinite(most);
        if (finite) {
            longest = std::max(longest, std::sqrt(square));
        }
        // Of a row so near to its base, the distance is the bound: a scale that small would not multiply well.
        float scale = finite && most / 127 > least_scale ? most / 127 : 0;
        for (size_t j = 0; j < dimension; j++) {
            double part = static_cast<double>(row[j]) - base[j];
            codes[j] = scale > 0 ? static_cast<int8_t>(std::clamp<long>(std::lrint(part / scale), -127, 127)) : 0;
        }
        return scale;
    }

    // Rounded up. Of a row that holds no numbers nothing is known: it is always scored.
    float length_of_rest(float scale) {
        double rest = 0;
        double decoded = 0;
        for (size_t j = 0; j < dimension && finite; j++) {
            double kept = static_cast<double>(scale) * codes[j];
            double left = static_cast<double>(row[j]) - base[j] - kept;
            decoded += kept * kept;
            rest += left * left;
        }
        note_decoded(decoded);
        return finite ? up(std::sqrt(rest)) : std::numeric_limits<float>::infinity();
    }

    // What the high halves leave: how much of it lies along the base, and the length of what does not.
    void split_rest(float scale, float& along, float& across) {
        double product = 0;
        double decoded = 0;
        for (size_t j = 0; j < dimension && finite; j++) {
            product += rest_of_high(scale, j) * base[j];
            double kept = static_cast<double>(scale) * high_value(codes[j]);
            decoded += kept * kept;
        }
        note_decoded(decoded);
        auto ratio = static_cast<float>(product / base_square);
        along = finite && base_square > least_scale && std::isfinite(ratio) ? ratio : 0;
        double rest = 0;
        for (size_t j = 0; j < dimension && finite; j++) {
            double left = rest_of_high(scale, j) - static_cast<double>(along) * base[j];
            rest += left * left;
        }
        across = finite ? up(std::sqrt(rest)) : std::numeric_limits<float>::infinity();
    }

    double rest_of_high(float scale, size_t j) const {
        return static_cast<double>(row[j]) - base[j] - static_cast<double>(scale) * high_value(codes[j]);
    }

    static double high_value(int8_t code) {
        return (static_cast<uint8_t>(code + 128) >> 4) * 16 - 128 + middle_of_low;
    }

    void note_decoded(double square) {
        longest_decoded = std::max(longest_decoded, std::sqrt(square));
        longest = std::max(longest, longest_decoded);
    }

    void store(uint8_t* high, uint8_t* low) const {
        for (size_t j = 0; j < dimension; j++) {
            auto code = static_cast<uint8_t>(codes[j] + 128);
            size_t block = j / (2 * Kernels::half_block) * Kernels::half_block;
            size_t at = block + j % Kernels::half_block;
            bool upper = j % (2 * Kernels::half_block) >= Kernels::half_block;
            high[at] |= static_cast<uint8_t>(upper ? code & 0xf0 : code >> 4);
            low[at] |= static_cast<uint8_t>(upper ? code << 4 : code & 0x0f);
        }
    }

    const float* const base;
    const size_t dimension;
    double base_square;
    std::vector<int8_t> codes;
    std::vector<float> row;
    bool finite = false;
    double longest = 0;
    double longest_decoded = 0;
};

// What is known of the scores of some rows.
struct ScreenBounds {
    // Of the high halves, as whole numbers.
    float high[block_codes];
    // What no score exceeds, by the high halves.
    float upper[block_codes];
};

// A query in whole numbers of 8 bits.
class ScreenQuery {
public:
    // Bytes that the constructor wants.
    static size_t room(size_t dimension) {
        return 2 * screen_half_bytes(dimension);
    }

    ScreenQuery(const float* query, size_t dimension, int8_t* memory)
            : half_bytes(screen_half_bytes(dimension)), whole(memory) {
        float square = in_lanes(dimension, add, [=](size_t j) { return query[j] * query[j]; });
        float most = in_lanes(dimension, larger, [=](size_t j) { return std::fabs(query[j]); });
        unit = most / 127;
        exact = std::isfinite(square) && unit > least_scale;
        if (!exact) {
            return;
        }
        float inverse = 1 / unit;
        float error = in_lanes(dimension, add, [=](size_t j) {
            float scaled = query[j] * inverse;
            auto number = static_cast<int32_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
            whole[j] = static_cast<int8_t>(number);
            float part = query[j] - unit * static_cast<float>(number);
            return part * part;
        });
        std::fill(whole + dimension, whole + 2 * half_bytes, static_cast<int8_t>(0));
        int32_t sum = 0;
        for (size_t j = 0; j < dimension; j++) {
            sum += whole[j];
        }
        high_offset = static_cast<float>((128 - middle_of_low) * sum);
        offset = static_cast<float>(128.0 * sum);
        // Makes up for what the sums above lose.
        double more = 1 + (static_cast<double>(dimension) / lanes + 2 * lanes) * std::numeric_limits<float>::epsilon();
        length = up(std::sqrt(square) * more);
        lost = up(std::sqrt(error) * more) + least_scale;
        // What float sums of `dimension` products round, in the exact score and in the base's.
        double of_sums = 4.0 * (static_cast<double>(dimension) + 16) * std::numeric_limits<float>::epsilon() / 2;
        rounding = up(of_sums * length);
    }

    // Whether bounds can be given: not for zero, infinity and what is no number.
    bool usable() const {
        return exact;
    }

    // Bounds rows from..from+n, at most block_codes, by their high halves. base_score is the score of their base, as the kernels
    // give it. What is read after these rows is fetched: of `next`, null for none, from the end of all rows on.
    void bound(
            const ScreenedRows& rows,
            const ScreenedRows* next,
            size_t from,
            size_t n,
            float base_score,
            ScreenBounds& bounds) const {
        Fetching fetching{rows.high + rows.n * half_bytes, next == nullptr ? nullptr : next->high};
        kernels().products_of_halves(whole, rows.high + from * half_bytes, n, half_bytes, fetching, bounds.high);
        Combination weights;
        weights.offset = high_offset;
        weights.unit = unit;
        weights.along = base_score;
        weights.across = across_base(rows, base_score);
        weights.fixed = base_score + uncertainty(rows);
        kernels().combine(
                weights, bounds.high, rows.scales + from, rows.along + from, rows.across + from, n, bounds.upper);
    }

    // Bounds some of these rows by whole codes: float[n] each.
    void bound_chosen(
            const ScreenedRows& rows,
            size_t from,
            const uint32_t* places,
            size_t n,
            float base_score,
            const ScreenBounds& bounds,
            float* lower,
            float* upper) const {
        kernels().products_of_chosen(whole, rows.low + from * half_bytes, places, n, half_bytes, lower);
        float fixed = uncertainty(rows);
        for (size_t i = 0; i < n; i++) {
            size_t place = from + places[i];
            float product = 16 * bounds.high[places[i]] + lower[i] - offset;
            float middle = product * (rows.scales[place] * unit) + base_score;
            float error = rows.slacks[place] * length + fixed;
            lower[i] = middle - error;
            upper[i] = middle + error;
        }
    }

    [[gnu::always_inline]] void fetch_low(const ScreenedRows& rows, size_t place) const {
        fetch(rows.low + place * half_bytes, half_bytes);
    }

private:
    // As many sums go side by side: strict sums of floats would wait for each other.
    static constexpr size_t lanes = 16;

    static float add(float a, float b) {
        return a + b;
    }

    static float larger(float a, float b) {
        return a > b ? a : b;
    }

    template <typename Join, typename Value>
    static float in_lanes(size_t n, Join join, Value value) {
        float part[lanes] = {};
        size_t i = 0;
        for (; i + lanes <= n; i += lanes) {
            for (size_t lane = 0; lane < lanes; lane++) {
                part[lane] = join(part[lane], value(i + lane));
            }
        }
        for (; i < n; i++) {
            part[i % lanes] = join(part[i % lanes], value(i));
        }
        float all = part[0];
        for (size_t lane = 1; lane < lanes; lane++) {
            all = join(all, part[lane]);
        }
        return all;
    }

    static float up(double length) {
        return static_cast<float>(length * rounded_up);
    }

    // What the query lost, and rounding: sums with codes are several times larger than scores.
    float uncertainty(const ScreenedRows& rows) const {
        return lost * rows.longest_decoded + 8 * rounding * rows.longest;
    }

    // The length of what the query has across a base, rounded up.
    float across_base(const ScreenedRows& rows, float base_score) const {
        if (!(rows.base_length > least_scale)) {
            return length;
        }
        double along = (std::fabs(static_cast<double>(base_score)) - rounding * rows.base_length) / rows.base_length;
        double square = static_cast<double>(length) * length;
        return along > 0 ? up(std::sqrt(std::max(0.0, square - along * along))) + least_scale : length;
    }

    const size_t half_bytes;
    int8_t* const whole;
    float unit = 0;
    float high_offset = 0;
    float offset = 0;
    float length = 0;
    float lost = 0;
    float rounding = 0;
    bool exact = false;
};

// The id at a place; where there are none, places are ids.
inline int64_t row_id(const int64_t* ids, size_t place) {
    return ids == nullptr ? static_cast<int64_t>(place) : id_at(ids, place);
}

// What may be among the k best of a query, while screened lists go by. The k-th lower bound so far is what an upper bound must reach.
class ScreenedHits {
public:
    struct Candidate {
        float upper;
        uint32_t shard;
        const uint8_t* row;
        const int64_t* ids;
        size_t place;

        int64_t id() const {
            return row_id(ids, place);
        }
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

    // Few are left in the end: ids are not read before.
    void take(
            float lower_bound,
            float upper_bound,
            uint32_t shard,
            const uint8_t* row,
            const int64_t* ids,
            size_t place) {
        lower.take(lower_bound, no_id);
        candidates[size++] = {upper_bound, shard, row, ids, place};
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
                fetch(candidates[i].row, row_bytes);
                fetch(candidates[i].ids + candidates[i].place, 1);
            }
            if (i >= rows_ahead) {
                const Candidate& candidate = candidates[i - rows_ahead];
                float score;
                scorer.scores(candidate.row, 1, &score);
                hits.take(score, candidate.id(), candidate.shard);
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

// Fetches the numbers that stand beside the first rows of a list.
[[gnu::always_inline]] inline void fetch_numbers(const ScreenedRows& rows) {
    size_t bytes = std::min(rows.n, block_codes) * sizeof(float);
    fetch(rows.scales, bytes);
    fetch(rows.slacks, bytes);
    fetch(rows.along, bytes);
    fetch(rows.across, bytes);
}

// Screens the rows of one list of a shard; those of `next`, if there are, come after it. Without `ids`, places are ids; rows and
// ids must stay where they are until the hits are finished.
inline void scan_screened(
        const ScreenQuery& query,
        const ScreenedRows& rows,
        const ScreenedRows* next,
        float base_score,
        const uint8_t* codes,
        size_t code_size,
        const int64_t* ids,
        const faiss::IDSelector* selector,
        uint32_t shard,
        ScreenedHits& hits) {
    // Rows whose low halves are on their way, while those of as many are computed with.
    constexpr size_t group = 8;
    ScreenBounds bounds;
    uint32_t places[block_codes + Kernels::spare_places];
    auto at_least = kernels().at_least;
    if (next != nullptr) {
        fetch_numbers(*next);
    }
    for (size_t begin = 0; begin < rows.n; begin += block_codes) {
        size_t count = std::min(block_codes, rows.n - begin);
        query.bound(rows, next, begin, count, base_score, bounds);
        size_t kept = at_least(bounds.upper, count, hits.threshold(), places);
        for (size_t i = 0; i < std::min(kept, group); i++) {
            query.fetch_low(rows, begin + places[i]);
        }
        for (size_t i = 0; i < kept; i += group) {
            size_t together = std::min(group, kept - i);
            for (size_t ahead = i + group; ahead < std::min(kept, i + 2 * group); ahead++) {
                query.fetch_low(rows, begin + places[ahead]);
            }
            float lower[group];
            float upper[group];
            query.bound_chosen(rows, begin, places + i, together, base_score, bounds, lower, upper);
            for (size_t j = 0; j < together; j++) {
                if (upper[j] < hits.threshold()) {
                    continue;
                }
                size_t place = begin + places[i + j];
                if (selector == nullptr || selector->is_member(row_id(ids, place))) {
                    hits.take(lower[j], upper[j], shard, codes + place * code_size, ids, place);
                }
            }
        }
    }
}

} // namespace imagesearch
