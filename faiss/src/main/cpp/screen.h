// Copies of vectors in bytes that tell which vectors may be among the k best. Those alone are then scored exactly: what is found, and
// with which score, does not change by a bit.
//
// A row x is told from its base c, one vector for all rows of a list (their centroid), in steps, each read for the few rows only that
// the one before could not rule out:
//
// 1. A sketch: the numbers y = P (x - c) in the directions in which vectors differ most (basis.h), in 4 bits.
// 2. x - c itself in 4 bits: the upper halves of codes of 8 bits.
// 3. The lower halves.
// 4. x.
//
// The first step is left out where there are few rows, for which the numbers P q of the query are not worth their time.
//
// Each step bounds the score q x of a query. Of codes, for x = c + scale * code + e,
//
//     q x = q c + scale (q code) + q e,    |q e| <= |q| |e|         (Cauchy and Schwarz)
//
// where the length of e, what the code leaves of x, is kept for each row, so that the bound holds for whatever rows there are. Where e
// is long, its part along the base is kept too: as q c is known, only what q and e have across it is bounded. Of sketches, for the
// rest t = x - c - Pt y and its part a along the mean direction m,
//
//     q x = q c + (P q) y + a (q m) + q' t',    |q' t'| <= |q'| |t'|
//
// q' and t' being what q and t have across P and m. What q loses as whole numbers, the rounding of sums, and that P is not quite
// orthonormal are bounded likewise.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "basis.h"
#include "fetching.h"
#include "kernels.h"

namespace imagesearch {

// Rows of a screen.
struct ScreenedRows {
    size_t n = 0;
    // High halves of the codes of sketches, and for each its scale, a, how far y can be from the code, and the length of t'. Null
    // where there are none.
    const uint8_t* sketches = nullptr;
    const float* scales = nullptr;
    const float* along = nullptr;
    const float* lost = nullptr;
    const float* rest = nullptr;
    // The halves of the codes of rows, see kernels.h.
    const uint8_t* high = nullptr;
    const uint8_t* low = nullptr;
    const CodeNumbers* numbers = nullptr;
    float base_length = 0;
    // No row, no base and no decoded code is longer.
    float longest = 0;
    // No decoded code is longer.
    float longest_decoded = 0;
    // No sketch is longer, decoded or not.
    float longest_sketch = 0;
};

// Makes up for what a double loses when it becomes a float.
inline constexpr double rounded_up = 1 + 1e-6;

inline float up(double length) {
    return static_cast<float>(length * rounded_up);
}

// The product of two of them is far from where floats lose digits.
inline constexpr float least_scale = 1e-12f;

// What stands for a number of which only the upper four bits are known: the middle of the lower ones.
inline constexpr double middle_of_low = 7.5;

// How far a row's rest is from being across the mean, of its length: floats are rounded.
inline constexpr double off_mean = 1e-6;

// Bytes of the halves of a row of so many numbers.
inline size_t screen_half_bytes(size_t numbers) {
    size_t block = 2 * Kernels::half_block;
    return (numbers + block - 1) / block * Kernels::half_block;
}

inline size_t sketch_bytes(size_t dimension) {
    return screen_half_bytes(std::min(dimension, Basis::most_numbers));
}

// Bytes of memory for n rows.
inline size_t screen_bytes(size_t n, size_t dimension, bool with_basis) {
    size_t of_row = (with_basis ? sketch_bytes(dimension) + 4 * sizeof(float) : 0) + 2 * screen_half_bytes(dimension) +
            sizeof(CodeNumbers);
    return (n * of_row + cache_line_bytes - 1) / cache_line_bytes * cache_line_bytes;
}

// Numbers as codes of 8 bits and one scale.
class Codes {
public:
    // Makes the codes of n finite numbers, of which none is beyond `most`.
    Codes(const double* values, size_t n, double most) : codes(n) {
        // Of numbers so small nothing is kept: a scale that small would not multiply well.
        scale_ = most / 127 > least_scale ? static_cast<float>(most / 127) : 0;
        for (size_t j = 0; j < n && scale_ > 0; j++) {
            codes[j] = static_cast<int8_t>(std::clamp<long>(std::lrint(values[j] / scale_), -127, 127));
        }
    }

    float scale() const {
        return scale_;
    }

    double value(size_t j) const {
        return static_cast<double>(scale_) * codes[j];
    }

    // Without the lower half of the code, with the middle of all there are.
    double high_value(size_t j) const {
        return scale_ * ((static_cast<uint8_t>(codes[j] + 128) >> 4) * 16 - 128 + middle_of_low);
    }

    // To zeroed memory; without `low`, the lower halves are dropped.
    void store(uint8_t* high, uint8_t* low) const {
        for (size_t j = 0; j < codes.size(); j++) {
            auto code = static_cast<uint8_t>(codes[j] + 128);
            size_t block = j / (2 * Kernels::half_block) * Kernels::half_block;
            size_t at = block + j % Kernels::half_block;
            bool upper = j % (2 * Kernels::half_block) >= Kernels::half_block;
            high[at] |= static_cast<uint8_t>(upper ? code & 0xf0 : code >> 4);
            if (low != nullptr) {
                low[at] |= static_cast<uint8_t>(upper ? code << 4 : code & 0x0f);
            }
        }
    }

private:
    std::vector<int8_t> codes;
    float scale_;
};

// Makes screened rows of rows of floats with one base.
class RowScreener {
public:
    // Without a basis, null, there are no sketches.
    RowScreener(const float* base, size_t dimension, const Basis* basis)
            : base(base), dimension(dimension), basis(basis), base_square(square(base, dimension)), row(dimension),
              residual(dimension), parts(dimension), sketch(basis == nullptr ? 0 : basis->count()), numbers(sketch.size()) {}

    // Fills zeroed memory of screen_bytes() from n rows at any address.
    ScreenedRows screen(const uint8_t* rows, size_t n, uint8_t* memory) {
        size_t half_bytes = screen_half_bytes(dimension);
        size_t of_sketch = sketch_bytes(dimension);
        uint8_t* high = memory;
        uint8_t* low = high + n * half_bytes;
        auto* kept = reinterpret_cast<CodeNumbers*>(low + n * half_bytes);
        auto* sketches = basis == nullptr ? nullptr : reinterpret_cast<uint8_t*>(kept + n);
        float* scales = nullptr;
        float* along = nullptr;
        float* lost = nullptr;
        float* rest = nullptr;
        if (basis != nullptr) {
            scales = reinterpret_cast<float*>(sketches + n * of_sketch);
            along = scales + n;
            lost = along + n;
            rest = lost + n;
        }
        longest = std::sqrt(base_square);
        longest_decoded = 0;
        longest_sketch = 0;
        for (size_t i = 0; i < n; i++) {
            std::memcpy(row.data(), rows + i * dimension * sizeof(float), dimension * sizeof(float));
            if (!take_base_away()) {
                // Of a row that holds no numbers nothing is known: it is always scored.
                constexpr float any = std::numeric_limits<float>::infinity();
                kept[i] = {0, any, 0, any};
                if (basis != nullptr) {
                    lost[i] = any;
                }
                continue;
            }
            Codes codes(parts.data(), dimension, most_of_parts);
            codes.store(high + i * half_bytes, low + i * half_bytes);
            kept[i] = numbers_of(codes);
            if (basis != nullptr) {
                Codes small = make_sketch(along[i], lost[i], rest[i]);
                small.store(sketches + i * of_sketch, nullptr);
                scales[i] = small.scale();
            }
        }
        return {n,
                sketches,
                scales,
                along,
                lost,
                rest,
                high,
                low,
                kept,
                up(std::sqrt(base_square)),
                up(longest),
                up(longest_decoded),
                up(longest_sketch)};
    }

private:
    static double square(const float* vector, size_t n) {
        double sum = 0;
        for (size_t j = 0; j < n; j++) {
            sum += static_cast<double>(vector[j]) * vector[j];
        }
        return sum;
    }

    // False if the row holds what is no number, or numbers too large to add up.
    bool take_base_away() {
        most_of_parts = 0;
        for (size_t j = 0; j < dimension; j++) {
            residual[j] = row[j] - base[j];
            parts[j] = static_cast<double>(row[j]) - base[j];
            most_of_parts = std::max(most_of_parts, std::fabs(parts[j]));
        }
        double of_row = square(row.data(), dimension);
        residual_length = std::sqrt(square(residual.data(), dimension));
        if (basis != nullptr) {
            basis->project(residual.data(), sketch.data());
        }
        double of_sketch = square(sketch.data(), sketch.size());
        if (!std::isfinite(static_cast<float>(of_row)) || !std::isfinite(static_cast<float>(of_sketch)) ||
            !std::isfinite(static_cast<float>(residual_length * residual_length))) {
            return false;
        }
        longest = std::max(longest, std::sqrt(of_row));
        return true;
    }

    CodeNumbers numbers_of(const Codes& codes) {
        double left = 0;
        double decoded = 0;
        double decoded_high = 0;
        double product = 0;
        for (size_t j = 0; j < dimension; j++) {
            decoded += codes.value(j) * codes.value(j);
            decoded_high += codes.high_value(j) * codes.high_value(j);
            double of_all = parts[j] - codes.value(j);
            left += of_all * of_all;
            product += (parts[j] - codes.high_value(j)) * base[j];
        }
        longest_decoded = std::max(longest_decoded, std::sqrt(std::max(decoded, decoded_high)));
        longest = std::max(longest, longest_decoded);
        auto ratio = static_cast<float>(product / base_square);
        float along = base_square > least_scale && std::isfinite(ratio) ? ratio : 0;
        double across = 0;
        for (size_t j = 0; j < dimension; j++) {
            double of_high = parts[j] - codes.high_value(j) - static_cast<double>(along) * base[j];
            across += of_high * of_high;
        }
        return {codes.scale(), up(std::sqrt(left)), along, up(std::sqrt(across))};
    }

    // See above: `along` is a, `rest` how long t' is at most. What is lost multiplies with P q: what the code loses of y, and what t'
    // has in the directions after all.
    Codes make_sketch(float& along, float& lost, float& rest) {
        double most = 0;
        double length = 0;
        double on_mean = basis->along_mean(residual.data());
        for (size_t j = 0; j < sketch.size(); j++) {
            numbers[j] = sketch[j];
            most = std::max(most, std::fabs(numbers[j]));
            length += numbers[j] * numbers[j];
            on_mean -= basis->mean_numbers()[j] * numbers[j];
        }
        length = std::sqrt(length);
        along = static_cast<float>(on_mean);
        Codes codes(numbers.data(), numbers.size(), most);
        double left = 0;
        double decoded = 0;
        for (size_t j = 0; j < numbers.size(); j++) {
            double value = codes.high_value(j);
            decoded += value * value;
            left += (numbers[j] - value) * (numbers[j] - value);
        }
        longest_sketch = std::max({longest_sketch, length, std::sqrt(decoded)});
        longest = std::max(longest, longest_sketch);
        double error = basis->projection_error(residual_length);
        lost = up(std::sqrt(left) + error + basis->looseness() * length + std::fabs(on_mean) * basis->overlap());
        double square = residual_length * residual_length * (1 + off_mean) - length * length * (1 - basis->looseness()) +
                2 * length * error - on_mean * on_mean;
        rest = up(std::sqrt(std::max(0.0, square)));
        return codes;
    }

    const float* const base;
    const size_t dimension;
    const Basis* const basis;
    const double base_square;
    std::vector<float> row;
    std::vector<float> residual;
    std::vector<double> parts;
    std::vector<float> sketch;
    std::vector<double> numbers;
    double most_of_parts = 0;
    double residual_length = 0;
    double longest = 0;
    double longest_decoded = 0;
    double longest_sketch = 0;
};

} // namespace imagesearch
