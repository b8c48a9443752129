// What a query can say of the scores of screened rows, see screen.h.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "basis.h"
#include "kernels.h"
#include "scan.h"
#include "screen.h"

namespace imagesearch {

// A vector in whole numbers of 8 bits.
class WholeNumbers {
public:
    // Bytes that the constructor wants, for a kernel that reads blocks.
    static size_t room(size_t n) {
        return 2 * screen_half_bytes(n);
    }

    WholeNumbers(const float* vector, size_t n, int8_t* memory) : whole_(memory) {
        float square = in_lanes(n, add, [=](size_t j) { return vector[j] * vector[j]; });
        float most = in_lanes(n, larger, [=](size_t j) { return std::fabs(vector[j]); });
        unit_ = most / 127;
        exact = std::isfinite(square) && unit_ > least_scale;
        if (!exact) {
            return;
        }
        float inverse = 1 / unit_;
        float error = in_lanes(n, add, [=](size_t j) {
            float scaled = vector[j] * inverse;
            auto number = static_cast<int32_t>(scaled + (scaled < 0 ? -0.5f : 0.5f));
            memory[j] = static_cast<int8_t>(number);
            float part = vector[j] - unit_ * static_cast<float>(number);
            return part * part;
        });
        std::fill(memory + n, memory + room(n), static_cast<int8_t>(0));
        for (size_t j = 0; j < n; j++) {
            sum_ += memory[j];
        }
        // Makes up for what the sums above lose.
        double more = 1 + (static_cast<double>(n) / lanes + 2 * lanes) * std::numeric_limits<float>::epsilon();
        length_ = up(std::sqrt(square) * more);
        lost_ = up(std::sqrt(error) * more) + least_scale;
    }

    // False for zero, infinity and what is no number.
    bool usable() const {
        return exact;
    }

    const int8_t* numbers() const {
        return whole_;
    }

    // What a number stands for.
    float unit() const {
        return unit_;
    }

    int32_t sum() const {
        return sum_;
    }

    // Of the vector, at most.
    float length() const {
        return length_;
    }

    // How far it is from what the numbers stand for, at most.
    float lost() const {
        return lost_;
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

    const int8_t* whole_;
    float unit_ = 0;
    int32_t sum_ = 0;
    float length_ = 0;
    float lost_ = 0;
    bool exact = false;
};

// A list that is screened, and what the query knows of it once for all of its rows.
struct ScreenedList {
    const ScreenedRows* rows;
    // The score of the base, as the kernels give it.
    float base_score;
    // The length of what the query has across the base, at most.
    float across;
    // What is added to bounds for what the query lost, and for rounding.
    float error;
};

class ScreenQuery {
public:
    // Bytes that the constructor wants.
    static size_t room(size_t dimension) {
        return WholeNumbers::room(dimension) + WholeNumbers::room(Basis::most_numbers);
    }

    // Sketches are looked at if there is a basis, which must be that of the rows.
    ScreenQuery(const float* query, size_t dimension, const Basis* basis, int8_t* memory)
            : half_bytes(screen_half_bytes(dimension)), small_bytes(sketch_bytes(dimension)),
              with_sketches_(basis != nullptr), all(query, dimension, memory), small(all) {
        if (!usable()) {
            return;
        }
        // What float sums of `dimension` products round, in the exact score and in the base's.
        double of_sums = 4.0 * (static_cast<double>(dimension) + 16) * std::numeric_limits<float>::epsilon() / 2;
        rounding = up(of_sums * all.length());
        if (with_sketches_) {
            project(query, *basis, memory + WholeNumbers::room(dimension));
        }
    }

    // Whether bounds can be given.
    bool usable() const {
        return all.usable() && small.usable();
    }

    bool with_sketches() const {
        return with_sketches_;
    }

    ScreenedList list(const ScreenedRows& rows, float base_score) const {
        float error = all.lost() * rows.longest_decoded + 8 * rounding * rows.longest;
        return {&rows, base_score, across_base(rows, base_score), error};
    }

    // What no score of rows from..from+n exceeds, at most block_codes of them, by their sketches. What is read after these rows is
    // fetched: of `next`, null for none, from the end of all rows on.
    void bound_sketches(const ScreenedList& list, const ScreenedRows* next, size_t from, size_t n, float* upper) const {
        const ScreenedRows& rows = *list.rows;
        Fetching fetching{rows.sketches + rows.n * small_bytes, next == nullptr ? nullptr : next->sketches};
        float products[block_codes];
        kernels().products_of_halves(
                small.numbers(), rows.sketches + from * small_bytes, n, small_bytes, fetching, products);
        SketchWeights weights;
        weights.offset = high_offset(small);
        weights.unit = small.unit();
        weights.along = along_mean;
        weights.lost = small.length();
        weights.rest = rest;
        weights.fixed = list.base_score + (small.lost() + projection_error) * rows.longest_sketch +
                static_cast<float>(std::fabs(along_mean) * 2 * off_mean + 8 * rounding) * rows.longest;
        kernels().bound_sketches(
                weights, products, rows.scales + from, rows.along + from, rows.lost + from, rows.rest + from, n, upper);
    }

    // The same by the high halves, whose products come with the bounds.
    void bound_high(
            const ScreenedList& list,
            const ScreenedRows* next,
            size_t from,
            size_t n,
            float* products,
            float* upper) const {
        const ScreenedRows& rows = *list.rows;
        Fetching fetching{rows.high + rows.n * half_bytes, next == nullptr ? nullptr : next->high};
        kernels().products_of_halves(all.numbers(), high(rows, from), n, half_bytes, fetching, products);
        kernels().bound_codes(weights_of(list), products, rows.numbers + from, n, upper);
    }

    const int8_t* numbers() const {
        return all.numbers();
    }

    // By the product with the high halves of a row.
    float upper_of_high(const ScreenedList& list, size_t place, float product) const {
        float upper;
        bounds_of_codes(weights_of(list), &product, list.rows->numbers + place, 1, &upper);
        return upper;
    }

    // By the products with both halves.
    void bounds_of_code(
            const ScreenedList& list,
            size_t place,
            float high_product,
            float low_product,
            float& lower,
            float& upper) const {
        const CodeNumbers& of = list.rows->numbers[place];
        float product = 16 * high_product + low_product - static_cast<float>(128.0 * all.sum());
        float middle = product * (of.scale * all.unit()) + list.base_score;
        float error = of.slack * all.length() + list.error;
        lower = middle - error;
        upper = no_number_is_any(middle + error);
    }

    [[gnu::always_inline]] void fetch_high(const ScreenedRows& rows, size_t place) const {
        fetch(high(rows, place), half_bytes);
        fetch(rows.numbers + place, 1);
    }

    [[gnu::always_inline]] void fetch_low(const ScreenedRows& rows, size_t place) const {
        fetch(low(rows, place), half_bytes);
    }

    const uint8_t* high(const ScreenedRows& rows, size_t place) const {
        return rows.high + place * half_bytes;
    }

    const uint8_t* low(const ScreenedRows& rows, size_t place) const {
        return rows.low + place * half_bytes;
    }

    size_t bytes_of_half() const {
        return half_bytes;
    }

private:
    static constexpr double rounded_share = rounded_up - 1;

    void project(const float* query, const Basis& basis, int8_t* memory) {
        float projected[Basis::most_numbers];
        basis.project(query, projected);
        small = WholeNumbers(projected, basis.count(), memory);
        along_mean = basis.along_mean(query);
        double length = all.length();
        double of_small = small.length();
        projection_error = up(basis.projection_error(length));
        // Lengths are rounded up by a share that is added here, as one of them is subtracted.
        double square = length * length * (1 + off_mean) - of_small * of_small * (1 - basis.looseness() - 40 * rounded_share) +
                2 * of_small * projection_error - along_mean * along_mean +
                2 * std::fabs(along_mean) * of_small * basis.overlap();
        rest = up(std::sqrt(std::max(0.0, square)));
    }

    CodeWeights weights_of(const ScreenedList& list) const {
        CodeWeights weights;
        weights.offset = high_offset(all);
        weights.unit = all.unit();
        weights.along = list.base_score;
        weights.across = list.across;
        weights.fixed = list.base_score + list.error;
        return weights;
    }

    static float high_offset(const WholeNumbers& whole) {
        return static_cast<float>((128 - middle_of_low) * whole.sum());
    }

    // Infinite rows and infinite errors: such a row is always scored.
    static float no_number_is_any(float bound) {
        return bound == bound ? bound : std::numeric_limits<float>::infinity();
    }

    float across_base(const ScreenedRows& rows, float base_score) const {
        if (!(rows.base_length > least_scale)) {
            return all.length();
        }
        double along = (std::fabs(static_cast<double>(base_score)) - rounding * rows.base_length) / rows.base_length;
        double square = static_cast<double>(all.length()) * all.length();
        return along > 0 ? up(std::sqrt(std::max(0.0, square - along * along))) + least_scale : all.length();
    }

    const size_t half_bytes;
    const size_t small_bytes;
    const bool with_sketches_;
    const WholeNumbers all;
    // What sketches are multiplied with.
    WholeNumbers small;
    float rounding = 0;
    float along_mean = 0;
    float projection_error = 0;
    float rest = 0;
};

} // namespace imagesearch
