// The directions in which vectors differ most.
#pragma once

#include <faiss/IndexScalarQuantizer.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string_view>
#include <vector>

#include "code_kernels.h"
#include "kernels.h"

namespace imagesearch {

// A few directions, orthonormal but for rounding, and one more: the mean of the vectors that it is made of. What rests on it takes
// how far it is from orthonormal into account, so that it may be rounded to half floats, which are read twice as fast.
//
// A vector v becomes its numbers P v, a rest that has a known part along the mean, and the length of what is left. The numbers are
// mixed, so that none is much larger than the others.
class Basis {
public:
    // Directions at most; of a space of fewer dimensions, as many as it has.
    static constexpr size_t most_numbers = 128;

    // Of n vectors, float[n * dimension]: a sample of them is looked at.
    Basis(const float* vectors, size_t n, size_t dimension)
            : dimension(dimension), numbers(std::min(dimension, most_numbers)), mean(dimension), overlaps(numbers) {
        std::vector<float> sample = sampled(vectors, n);
        take_mean_away(sample);
        std::vector<float> rows = mixed(leading_directions(sample));
        halves.resize(numbers * dimension * sizeof(uint16_t));
        faiss::ScalarQuantizer(dimension, faiss::ScalarQuantizer::QT_fp16).compute_codes(rows.data(), halves.data(), numbers);
        faiss::ScalarQuantizer(dimension, faiss::ScalarQuantizer::QT_fp16).decode(halves.data(), rows.data(), numbers);
        measure(rows);
    }

    // One for all who ask for a basis of the same vectors.
    static std::shared_ptr<const Basis> of(const float* vectors, size_t n, size_t dimension) {
        static std::mutex lock;
        static std::map<size_t, std::weak_ptr<const Basis>> known;
        std::string_view bytes(reinterpret_cast<const char*>(vectors), n * dimension * sizeof(float));
        std::lock_guard<std::mutex> held(lock);
        std::weak_ptr<const Basis>& slot = known[std::hash<std::string_view>()(bytes)];
        std::shared_ptr<const Basis> basis = slot.lock();
        if (basis == nullptr || basis->dimension != dimension) {
            basis = std::make_shared<const Basis>(vectors, n, dimension);
            slot = basis;
        }
        for (auto other = known.begin(); other != known.end();) {
            other = other->second.expired() ? known.erase(other) : std::next(other);
        }
        return basis;
    }

    // float[count()].
    void project(const float* vector, float* out) const {
        code_kernels().half_products(vector, halves.data(), numbers, dimension, out);
    }

    // The product with the mean direction.
    double along_mean(const float* vector) const {
        double sum = 0;
        for (size_t j = 0; j < dimension; j++) {
            sum += static_cast<double>(mean[j]) * vector[j];
        }
        return sum;
    }

    size_t count() const {
        return numbers;
    }

    // How far what project() gives of a vector of that length is from P v at most.
    double projection_error(double length) const {
        double per_number = (static_cast<double>(dimension) + 16) * std::numeric_limits<float>::epsilon() / 2;
        return std::sqrt(static_cast<double>(numbers)) * per_number * (1 + looseness_) * length;
    }

    // The length of P Pt - I.
    double looseness() const {
        return looseness_;
    }

    // The length of P m, m being the mean direction.
    double overlap() const {
        return overlap_;
    }

    // P m.
    const std::vector<double>& mean_numbers() const {
        return overlaps;
    }

private:
    static constexpr size_t most_sampled = 2048;
    static constexpr int rounds = 8;

    static double product(const double* a, const double* b, size_t n) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    std::vector<float> sampled(const float* vectors, size_t n) const {
        size_t step = (n + most_sampled - 1) / most_sampled;
        std::vector<float> sample;
        for (size_t i = 0; i < n; i += step) {
            const float* vector = vectors + i * dimension;
            bool finite = std::all_of(vector, vector + dimension, [](float x) { return std::fabs(x) < 1e9f; });
            if (finite) {
                sample.insert(sample.end(), vector, vector + dimension);
            }
        }
        return sample;
    }

    // Leaves in the sample what lies across its mean direction, which becomes the mean.
    void take_mean_away(std::vector<float>& sample) {
        std::vector<double> sum(dimension);
        for (size_t i = 0; i < sample.size(); i++) {
            sum[i % dimension] += sample[i];
        }
        double length = std::sqrt(product(sum.data(), sum.data(), dimension));
        for (size_t j = 0; j < dimension; j++) {
            mean[j] = length > 0 ? static_cast<float>(sum[j] / length) : 0;
        }
        for (size_t i = 0; i < sample.size(); i += dimension) {
            double along = along_mean(&sample[i]);
            for (size_t j = 0; j < dimension; j++) {
                sample[i + j] -= static_cast<float>(along * mean[j]);
            }
        }
    }

    // Subspace iteration: double[numbers][dimension], orthonormal.
    std::vector<double> leading_directions(const std::vector<float>& sample) const {
        size_t n = sample.size() / dimension;
        std::vector<float> transposed(sample.size());
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < dimension; j++) {
                transposed[j * n + i] = sample[i * dimension + j];
            }
        }
        std::vector<double> directions = random(numbers, dimension);
        orthonormalise(directions, numbers, dimension);
        std::vector<float> some(directions.size());
        std::vector<float> products(numbers * n);
        for (int round = 0; round < rounds && n > 0; round++) {
            std::copy(directions.begin(), directions.end(), some.begin());
            multiply(some, dimension, sample, n, products);
            multiply(products, n, transposed, dimension, some);
            // What the sample does not reach stays as it was: a little of it keeps the directions independent.
            double length = std::sqrt(static_cast<double>(n));
            for (size_t i = 0; i < directions.size(); i++) {
                directions[i] = some[i] / length + 1e-9 * directions[i];
            }
            orthonormalise(directions, numbers, dimension);
        }
        return directions;
    }

    // out[i][j] = a[i] b[j], for `numbers` rows of a and n rows of b.
    void multiply(const std::vector<float>& a, size_t length, const std::vector<float>& b, size_t n, std::vector<float>& out)
            const {
        for (size_t i = 0; i < numbers; i++) {
            kernels().products_of_one(
                    &a[i * length], reinterpret_cast<const uint8_t*>(b.data()), n, length, Fetching(), &out[i * n]);
        }
    }

    std::vector<float> mixed(const std::vector<double>& directions) const {
        std::vector<double> mix = random(numbers, numbers);
        orthonormalise(mix, numbers, numbers);
        std::vector<float> rows(numbers * dimension);
        std::vector<double> row(dimension);
        for (size_t i = 0; i < numbers; i++) {
            std::fill(row.begin(), row.end(), 0);
            for (size_t k = 0; k < numbers; k++) {
                for (size_t j = 0; j < dimension; j++) {
                    row[j] += mix[i * numbers + k] * directions[k * dimension + j];
                }
            }
            std::copy(row.begin(), row.end(), rows.begin() + i * dimension);
        }
        return rows;
    }

    static std::vector<double> random(size_t rows, size_t length) {
        std::mt19937 numbers(1);
        std::normal_distribution<double> normal;
        std::vector<double> out(rows * length);
        std::generate(out.begin(), out.end(), [&] { return normal(numbers); });
        return out;
    }

    // Gram and Schmidt, twice over, which is as good as exact.
    static void orthonormalise(std::vector<double>& rows, size_t count, size_t length) {
        for (size_t i = 0; i < count; i++) {
            double* row = &rows[i * length];
            for (int pass = 0; pass < 2; pass++) {
                for (size_t k = 0; k < i; k++) {
                    double along = product(row, &rows[k * length], length);
                    for (size_t j = 0; j < length; j++) {
                        row[j] -= along * rows[k * length + j];
                    }
                }
                double size = std::sqrt(product(row, row, length));
                for (size_t j = 0; j < length; j++) {
                    row[j] = size > 0 ? row[j] / size : 0;
                }
            }
        }
    }

    void measure(const std::vector<float>& rows) {
        std::vector<double> exact(rows.begin(), rows.end());
        double square = 0;
        for (size_t i = 0; i < numbers; i++) {
            for (size_t k = 0; k < numbers; k++) {
                double apart = product(&exact[i * dimension], &exact[k * dimension], dimension) - (i == k);
                square += apart * apart;
            }
            overlaps[i] = along_mean(&rows[i * dimension]);
        }
        looseness_ = std::sqrt(square);
        overlap_ = std::sqrt(product(overlaps.data(), overlaps.data(), numbers));
    }

    const size_t dimension;
    const size_t numbers;
    std::vector<float> mean;
    std::vector<uint8_t> halves;
    std::vector<double> overlaps;
    double looseness_ = 0;
    double overlap_ = 0;
};

} // namespace imagesearch
