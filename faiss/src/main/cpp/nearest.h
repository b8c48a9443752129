// The nearest centroid, by inner product, of many vectors at once: the same centroid as comparing with each of them in
// float would give, for a fraction of the arithmetic.
//
// With m the mean of the centroids, q = v - m and c' = c - m, the score of a vector v and a centroid c is
//     v.c = v.m + m.c' + q.c'
// of which v.m is the same for all centroids and m.c' is known beforehand. Let P be a projection to few dimensions, with
// orthonormal rows; by Cauchy and Schwarz
//     q.c' <= Pq.Pc' + |q - P'Pq| |c' - P'Pc'|
// The first term takes few dimensions, and in 8-bit integers where the processor multiplies those (AVX-512 VNNI), four
// times as fast as in float; what rounding to them can change is bounded too: with x^ the rounded x,
//     |Pq.Pc' - Pq^.Pc'^| <= |Pq - Pq^| |Pc'| + |Pq^| |Pc' - Pc'^|
// A centroid whose bound is below the best score so far is done with. The others, a few in a hundred or in a thousand, are
// compared in float with all dimensions, by one function in one order: which of the ways led there changes no result.
//
// The rows of P are the principal axes of the centroids, turned at random among themselves: the axes take most of q.c' into
// the first term, and turned, no coordinate is much larger than the others, which rounding likes.
#pragma once

#include <jni.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "cpu.h"

namespace imagesearch {

namespace nearest {

// Vectors whose bounds are computed together: six of them and four registers of centroids are 24 sums, of 32 registers.
constexpr int TILE = 6;

// Vectors between two passes over the centroids: what is kept of them, some 300 KB, stays in the second cache.
constexpr int BLOCK = 16 * TILE;

// Centroids that are bounded together: one pass of a kernel.
struct Panel {
    const float* floats;  // [k][width]
    const uint8_t* bytes; // [k / 4][width][4], 128 added
    const float* scale;   // of the bytes
    const float* bias;    // m.c'
    const float* rest;    // |c' - P'Pc'|
};

// TILE vectors.
struct Tile {
    const float* floats;    // [TILE][k], their projections
    const int8_t* bytes;    // [TILE][k], the same rounded
    const int32_t* sum;     // of the bytes
    const float* scale;     // of the bytes
    const float* rest;      // |q - P'Pq|
    const float* least;     // bounds below are of no interest
};

struct Rounded {
    float scale;
    float error; // the length of what rounding changed, at least
    int32_t sum; // of the bytes
};

struct Kernels {
    size_t width; // centroids in a panel
    bool bytes;   // whether `bound` takes bytes
    float (*dot)(const float* a, const float* b, size_t n);
    void (*subtract)(const float* a, const float* b, size_t n, float* out);
    void (*add_to)(double* sums, const float* vector, size_t n);
    void (*add_scaled)(float factor, const float* vector, size_t n, float* sums);
    void (*project)(const float* rows, const float* panel, size_t k, float* out, size_t stride);
    // Bounds float[TILE][width], and of each vector the centroids whose bound is not below its least.
    void (*bound)(const Panel& panel, const Tile& tile, size_t k, float* bounds, uint64_t* masks);
    // Rounds float[k], k a multiple of 16, to bytes times a scale.
    Rounded (*round)(const float* values, size_t k, int8_t* bytes);
};

namespace portable {
#define LANES 4
#define VECTORS 2
#if defined(__SSE__)
#define MASK(a, b) _mm_movemask_ps(_mm_cmpge_ps((__m128)(a), (__m128)(b)))
#else
static inline int mask_of(const float* a, const float* b) {
    return (a[0] >= b[0]) | (a[1] >= b[1]) << 1 | (a[2] >= b[2]) << 2 | (a[3] >= b[3]) << 3;
}
#define MASK(a, b) mask_of((const float*)&(a), (const float*)&static_cast<const Floats&>(b))
#endif
#include "nearest_kernels.h"
#undef MASK
#undef VECTORS
#undef LANES
} // namespace portable

#if defined(__x86_64__)
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#define LANES 8
#define VECTORS 2
#define MASK(a, b) _mm256_movemask_ps(_mm256_cmp_ps((__m256)(a), (__m256)(b), _CMP_GE_OQ))
#include "nearest_kernels.h"
#undef MASK
#undef VECTORS
#undef LANES
} // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,prefer-vector-width=512")
namespace avx512 {
#define LANES 16
#define VECTORS 4
#define MASK(a, b) _mm512_cmp_ps_mask((__m512)(a), (__m512)(b), _CMP_GE_OQ)
#include "nearest_kernels.h"
#undef MASK
#undef VECTORS
#undef LANES
} // namespace avx512
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma")
namespace vnni {

static Rounded round(const float* values, size_t k, int8_t* bytes) {
    __m512 largest = _mm512_setzero_ps();
    for (size_t i = 0; i < k; i += 16) {
        largest = _mm512_max_ps(largest, _mm512_abs_ps(_mm512_loadu_ps(values + i)));
    }
    float most = _mm512_reduce_max_ps(largest);
    __m512 step = _mm512_set1_ps(most / 127), factor = _mm512_set1_ps(most > 0 ? 127 / most : 0);
    __m512i sum = _mm512_setzero_si512();
    __m512 square = _mm512_setzero_ps();
    for (size_t i = 0; i < k; i += 16) {
        __m512 value = _mm512_loadu_ps(values + i);
        __m512i rounded = _mm512_cvtps_epi32(_mm512_mul_ps(value, factor));
        sum = _mm512_add_epi32(sum, rounded);
        __m512 off = _mm512_fnmadd_ps(step, _mm512_cvtepi32_ps(rounded), value);
        square = _mm512_fmadd_ps(off, off, square);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(bytes + i), _mm512_cvtepi32_epi8(rounded));
    }
    return {most / 127, std::sqrt(_mm512_reduce_add_ps(square)) * 1.001f, _mm512_reduce_add_epi32(sum)};
}

static void bound(const Panel& panel, const Tile& tile, size_t k, float* bounds, uint64_t* masks) {
    __m512i sums[TILE][4];
#pragma GCC unroll 6
    for (int row = 0; row < TILE; row++) {
        // The bytes of the centroids, unsigned for the instruction, are 128 too large.
        __m512i start = _mm512_set1_epi32(-128 * tile.sum[row]);
        sums[row][0] = sums[row][1] = sums[row][2] = sums[row][3] = start;
    }
    const uint8_t* bytes = panel.bytes;
    for (size_t i = 0; i < k; i += 4, bytes += 256) {
        __m512i first = _mm512_loadu_si512(bytes), second = _mm512_loadu_si512(bytes + 64);
        __m512i third = _mm512_loadu_si512(bytes + 128), fourth = _mm512_loadu_si512(bytes + 192);
#pragma GCC unroll 6
        for (int row = 0; row < TILE; row++) {
            int32_t four;
            std::memcpy(&four, tile.bytes + row * k + i, sizeof(four));
            __m512i values = _mm512_set1_epi32(four);
            sums[row][0] = _mm512_dpbusd_epi32(sums[row][0], first, values);
            sums[row][1] = _mm512_dpbusd_epi32(sums[row][1], second, values);
            sums[row][2] = _mm512_dpbusd_epi32(sums[row][2], third, values);
            sums[row][3] = _mm512_dpbusd_epi32(sums[row][3], fourth, values);
        }
    }
#pragma GCC unroll 6
    for (int row = 0; row < TILE; row++) {
        masks[row] = 0;
        __m512 scale = _mm512_set1_ps(tile.scale[row]), rest = _mm512_set1_ps(tile.rest[row]);
        __m512 least = _mm512_set1_ps(tile.least[row]);
#pragma GCC unroll 4
        for (int vector = 0; vector < 4; vector++) {
            __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[row][vector]), _mm512_loadu_ps(panel.scale + 16 * vector));
            __m512 most = _mm512_fmadd_ps(product, scale, _mm512_loadu_ps(panel.bias + 16 * vector));
            most = _mm512_fmadd_ps(rest, _mm512_loadu_ps(panel.rest + 16 * vector), most);
            _mm512_storeu_ps(bounds + row * 64 + 16 * vector, most);
            masks[row] |= static_cast<uint64_t>(_mm512_cmp_ps_mask(most, least, _CMP_GE_OQ)) << (16 * vector);
        }
    }
}

static const Kernels kernels = {
        64, true, avx512::dot, avx512::subtract, avx512::add_to, avx512::add_scaled, avx512::project, bound, round};

} // namespace vnni
#pragma GCC pop_options
#endif

inline const Kernels& kernels_of(InstructionSet set) {
#if defined(__x86_64__)
    if (set == InstructionSet::avx512) {
        return __builtin_cpu_supports("avx512vnni") ? vnni::kernels : avx512::kernels;
    }
    if (set == InstructionSet::avx2) {
        return avx2::kernels;
    }
#endif
    return portable::kernels;
}

inline size_t padded(size_t n, size_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

// float[count][columns] as panels float[depth][width]; what is more there is zero.
inline std::vector<float> packed(const float* rows, size_t count, size_t columns, size_t depth, size_t width) {
    std::vector<float> out(padded(count, width) * depth);
    for (size_t row = 0; row < count; row++) {
        float* panel = out.data() + row / width * width * depth + row % width;
        for (size_t column = 0; column < columns; column++) {
            panel[column * width] = rows[row * columns + column];
        }
    }
    return out;
}

// P: float[axes][dimension], orthonormal rows. Those of the axes whose variance over the centroids is largest come first;
// within each FEWEST_AXES, they are turned at random. The axes are found by subspace iteration (Golub and Van Loan, "Matrix
// computations", 8.2.4), with the kernels here and on this thread: LAPACK's exact ones take three times as long and threads
// of OpenBLAS, and what is right about the bounds does not depend on how exact they are.
class Basis {
public:
    static constexpr size_t FEWEST_AXES = 64;
    static constexpr size_t MOST_AXES = 128;

    Basis(const Kernels& kernels, const float* centroids, size_t nlist, size_t dimension, const std::vector<float>& mean)
            : kernels(kernels), dimension(dimension), values(padded(MOST_AXES, TILE) * dimension) {
        std::vector<float> covariances = covariance(centroids, nlist, mean);
        std::vector<float> panels =
                packed(covariances.data(), dimension, dimension, dimension, kernels.width);
        for (float& value : values) {
            value = normal();
        }
        for (int step = 0; step < STEPS; step++) {
            orthonormalise(values.data(), MOST_AXES);
            values = product(values, MOST_AXES, dimension, panels, dimension);
        }
        orthonormalise(values.data(), MOST_AXES);
        for (size_t first = 0; first < MOST_AXES; first += FEWEST_AXES) {
            turn(values.data() + first * dimension);
        }
    }

    // The first of the axes, as panels float[depth][width].
    std::vector<float> panels(size_t axes, size_t depth, size_t width) const {
        return packed(values.data(), axes, dimension, depth, width);
    }

private:
    // More say little more about the axes.
    static constexpr size_t MOST_CENTROIDS = 1024;

    static constexpr int STEPS = 8;

    const Kernels& kernels;
    const size_t dimension;
    std::mt19937 random{1};
    std::vector<float> values;

    // Rows float[rows][k] times the matrix of the panels: float[rows][columns], with room for whole tiles.
    std::vector<float> product(
            const std::vector<float>& matrix, size_t rows, size_t k, const std::vector<float>& panels, size_t columns) const {
        size_t stride = padded(columns, kernels.width);
        std::vector<float> wide(padded(rows, TILE) * stride);
        for (size_t column = 0; column < columns; column += kernels.width) {
            for (size_t row = 0; row < rows; row += TILE) {
                kernels.project(
                        matrix.data() + row * k, panels.data() + column * k, k, wide.data() + row * stride + column, stride);
            }
        }
        std::vector<float> out(padded(rows, TILE) * columns);
        for (size_t row = 0; row < rows; row++) {
            std::copy_n(wide.data() + row * stride, columns, out.data() + row * columns);
        }
        return out;
    }

    std::vector<float> covariance(const float* centroids, size_t nlist, const std::vector<float>& mean) const {
        size_t step = (nlist + MOST_CENTROIDS - 1) / MOST_CENTROIDS;
        size_t count = (nlist + step - 1) / step;
        // A row for each dimension.
        std::vector<float> centred(padded(dimension, TILE) * count);
        for (size_t row = 0; row < count; row++) {
            for (size_t i = 0; i < dimension; i++) {
                centred[i * count + row] = centroids[row * step * dimension + i] - mean[i];
            }
        }
        std::vector<float> panels = packed(centred.data(), dimension, count, count, kernels.width);
        return product(centred, dimension, count, panels, dimension);
    }

    // Gram and Schmidt, twice, which is enough ("twice is enough": Parlett, "The symmetric eigenvalue problem", 6.9), unless a row
    // lies among those before it: a random one takes its place.
    void orthonormalise(float* rows, size_t count) {
        for (size_t row = 0; row < count; row++) {
            float* now = rows + row * dimension;
            while (!orthonormalised(rows, row)) {
                std::generate_n(now, dimension, [this] { return normal(); });
            }
        }
    }

    bool orthonormalised(float* rows, size_t row) const {
        float* now = rows + row * dimension;
        if (!scaled(now, 0)) {
            return false;
        }
        for (int time = 0; time < 2; time++) {
            for (size_t before = 0; before < row; before++) {
                const float* other = rows + before * dimension;
                kernels.add_scaled(-kernels.dot(now, other, dimension), other, dimension, now);
            }
            // What remains of a row that lay among the others is rounding.
            if (!scaled(now, 1e-3f)) {
                return false;
            }
        }
        return true;
    }

    // Scales a row to length 1, if it is longer than that.
    bool scaled(float* row, float least) const {
        float length = std::sqrt(kernels.dot(row, row, dimension));
        if (!(length > least)) {
            return false;
        }
        for (size_t i = 0; i < dimension; i++) {
            row[i] /= length;
        }
        return true;
    }

    // Random mixtures of FEWEST_AXES axes, orthonormal again.
    void turn(float* axes) {
        std::vector<float> turned(FEWEST_AXES * dimension);
        for (size_t row = 0; row < FEWEST_AXES; row++) {
            for (size_t axis = 0; axis < FEWEST_AXES; axis++) {
                kernels.add_scaled(normal(), axes + axis * dimension, dimension, turned.data() + row * dimension);
            }
        }
        orthonormalise(turned.data(), FEWEST_AXES);
        std::copy(turned.begin(), turned.end(), axes);
    }

    // Near enough to normal, and the same with every standard library.
    float normal() {
        double sum = 0;
        for (int i = 0; i < 4; i++) {
            sum += random() / 4294967296.0 - 0.5;
        }
        return static_cast<float>(sum);
    }
};

// What is kept of a block of vectors while it is compared.
struct Workspace {
    std::vector<float> vectors, centred, projected, scale, rest, least, offset, slack, best;
    std::vector<int8_t> bytes;
    std::vector<int32_t> sum;
    std::vector<int64_t> lists;
    std::vector<float> norm;

    Workspace(size_t dimension, size_t depth)
            : vectors(BLOCK * dimension), centred(BLOCK * depth), projected(BLOCK * depth), scale(BLOCK), rest(BLOCK),
              least(BLOCK), offset(BLOCK), slack(BLOCK), best(BLOCK), bytes(BLOCK * depth), sum(BLOCK), lists(BLOCK),
              norm(BLOCK) {}
};

// The bounds with one number of dimensions.
struct Screen {
    size_t axes;  // 0: no projection
    size_t depth; // dimensions of the bounds, a multiple of 16
    std::vector<float> basis, floats, scale, bias, rest;
    std::vector<uint8_t> bytes;
    float largest_norm = 0;
    float largest_error = 0;
};

class Centroids {
public:
    Centroids(const float* centroids, size_t nlist, size_t dimension, std::shared_ptr<const Basis> given)
            : kernels(kernels_of(instruction_set())), nlist(nlist), dimension(dimension), depth(padded(dimension, 16)),
              centroids(centroids, centroids + nlist * dimension), mean(mean_of(centroids, nlist, dimension)),
              basis(std::move(given)) {
        mean_norm = std::sqrt(kernels.dot(mean.data(), mean.data(), dimension));
        for (size_t list = 0; list < nlist; list++) {
            const float* centroid = centroids + list * dimension;
            float norm = std::sqrt(kernels.dot(centroid, centroid, dimension));
            if (!std::isfinite(norm)) {
                throw std::invalid_argument("centroid " + std::to_string(list) + NOT_NUMBERS);
            }
            largest_norm = std::max(largest_norm, norm);
        }
        if (basis == nullptr && nlist >= LEAST_LISTS && dimension >= 2 * Basis::MOST_AXES) {
            basis = std::make_shared<Basis>(kernels, centroids, nlist, dimension, mean);
        }
        if (basis != nullptr) {
            screens.push_back(screen(Basis::FEWEST_AXES));
            screens.push_back(screen(Basis::MOST_AXES));
        }
        screens.push_back(screen(0));
        for (size_t i = 0; i < screens.size(); i++) {
            costs[i].store(std::numeric_limits<double>::max());
        }
    }

    // The nearest centroid of n vectors, n at most BLOCK, that lie in the workspace; its list is read from there too, if
    // hinted, as a guess, and list and score are left there. `first` numbers them, for messages.
    void assign(Workspace& work, size_t n, bool hinted, int64_t first) const {
        size_t turn = turns.fetch_add(1, std::memory_order_relaxed) % TURNS;
        size_t chosen = turn < screens.size() ? turn : cheapest();
        const Screen& screen = screens[chosen];
        prepare(work, n, first);
        place(screen, work, n);
        for (size_t i = 0; i < n; i++) {
            work.lists[i] = hinted ? work.lists[i] : -1;
            work.best[i] = work.lists[i] < 0
                    ? -std::numeric_limits<float>::infinity()
                    : kernels.dot(vector(work, i), centroids.data() + work.lists[i] * dimension, dimension);
            raise(work, i);
        }
        for (size_t i = n; i < padded(n, TILE); i++) {
            work.least[i] = std::numeric_limits<float>::infinity();
        }
        size_t compared = 0;
        alignas(64) float bounds[TILE * 64];
        uint64_t masks[TILE];
        for (size_t from = 0; from < nlist; from += kernels.width) {
            // The last panel may have places without a centroid.
            size_t places = std::min(kernels.width, nlist - from);
            uint64_t taken = ~uint64_t{0} >> (64 - places);
            for (size_t tile = 0; tile < n; tile += TILE) {
                kernels.bound(panel(screen, from), tile_of(screen, work, tile), screen.depth, bounds, masks);
                for (int row = 0; row < TILE; row++) {
                    uint64_t mask = masks[row] & taken;
                    if (mask != 0) {
                        compared += compare(work, tile + row, from, bounds + row * kernels.width, mask);
                    }
                }
            }
        }
        costs[chosen].store(cost(screen, static_cast<double>(compared) / n), std::memory_order_relaxed);
    }

    std::shared_ptr<const Basis> axes() const {
        return basis;
    }

    const Kernels& kernels;
    const size_t nlist;
    const size_t dimension;
    const size_t depth; // dimension, padded

private:
    // Fewer are compared whole.
    static constexpr size_t LEAST_LISTS = 256;

    // Every so many blocks, each way is tried on one: which is cheapest depends on the vectors.
    static constexpr size_t TURNS = 512;

    // Rounding in float, 2^-24 a time, of everything that is not bounded elsewhere, relative to the lengths.
    static constexpr float ROUNDING = 1e-5f;

    static constexpr float UNIT = 6e-8f;

    static constexpr const char* NOT_NUMBERS = " holds NaN, infinity or too large a number";

    static std::vector<float> mean_of(const float* centroids, size_t nlist, size_t dimension) {
        std::vector<double> sums(dimension);
        for (size_t list = 0; list < nlist; list++) {
            for (size_t i = 0; i < dimension; i++) {
                sums[i] += centroids[list * dimension + i];
            }
        }
        std::vector<float> mean(dimension);
        for (size_t i = 0; i < dimension; i++) {
            mean[i] = static_cast<float>(sums[i] / nlist);
        }
        return mean;
    }

    // What rounding can change in a projected vector, relative to its length: in each coordinate, a sum of `dimension`.
    float projection_error(const Screen& screen) const {
        return screen.axes == 0 ? 0 : UNIT * dimension * std::sqrt(static_cast<float>(screen.axes));
    }

    // |x - P'Px|, at least, from |x| and |Px|.
    float rest_of(const Screen& screen, float norm, float projected) const {
        if (screen.axes == 0) {
            return 0;
        }
        float surely = std::max(0.0f, projected - projection_error(screen) * norm);
        return std::sqrt(std::max(0.0f, norm * norm * (1 + ROUNDING) - surely * surely));
    }

    Screen screen(size_t axes) const {
        Screen made;
        made.axes = axes;
        made.depth = axes == 0 ? depth : axes;
        if (axes != 0) {
            made.basis = basis->panels(axes, depth, kernels.width);
        }
        size_t lists = padded(nlist, kernels.width);
        made.rest.resize(lists);
        made.scale.resize(lists);
        made.bias.resize(lists);
        std::vector<float> projected(kernels.bytes ? 0 : lists * made.depth);
        if (kernels.bytes) {
            made.bytes.resize(lists * made.depth);
        }
        Workspace work(dimension, depth);
        std::vector<int8_t> bytes(made.depth);
        for (size_t from = 0; from < nlist; from += BLOCK) {
            size_t n = std::min<size_t>(BLOCK, nlist - from);
            std::copy_n(centroids.data() + from * dimension, n * dimension, work.vectors.data());
            prepare(work, n, from);
            const float* rows = project(made, work, n);
            for (size_t i = 0; i < n; i++) {
                size_t list = from + i;
                const float* row = rows + i * made.depth;
                float norm = std::sqrt(kernels.dot(row, row, made.depth));
                made.largest_norm = std::max(made.largest_norm, norm * (1 + ROUNDING));
                made.rest[list] = rest_of(made, work.norm[i], norm);
                made.bias[list] = kernels.dot(mean.data(), work.centred.data() + i * depth, dimension);
                if (kernels.bytes) {
                    Rounded rounded = kernels.round(row, made.depth, bytes.data());
                    made.scale[list] = rounded.scale;
                    made.largest_error = std::max(made.largest_error, rounded.error);
                    uint8_t* panel = made.bytes.data() + list / kernels.width * kernels.width * made.depth +
                            list % kernels.width * 4;
                    for (size_t k = 0; k < made.depth; k++) {
                        panel[k / 4 * kernels.width * 4 + k % 4] = static_cast<uint8_t>(bytes[k] + 128);
                    }
                } else {
                    std::copy_n(row, made.depth, projected.data() + list * made.depth);
                }
            }
        }
        if (!kernels.bytes) {
            made.floats = packed(projected.data(), nlist, made.depth, made.depth, kernels.width);
        }
        return made;
    }

    float* vector(Workspace& work, size_t i) const {
        return work.vectors.data() + i * dimension;
    }

    // Centres the vectors.
    void prepare(Workspace& work, size_t n, int64_t first) const {
        for (size_t i = 0; i < n; i++) {
            float* centred = work.centred.data() + i * depth;
            kernels.subtract(vector(work, i), mean.data(), dimension, centred);
            work.norm[i] = std::sqrt(kernels.dot(centred, centred, dimension)) * (1 + ROUNDING);
            if (!std::isfinite(work.norm[i])) {
                throw std::invalid_argument("vector " + std::to_string(first + i) + NOT_NUMBERS);
            }
            work.offset[i] = kernels.dot(vector(work, i), mean.data(), dimension);
        }
    }

    // The coordinates float[n][depth of the screen] of the centred vectors.
    const float* project(const Screen& screen, Workspace& work, size_t n) const {
        if (screen.axes == 0) {
            return work.centred.data();
        }
        // Panels outside: they stay in the first cache. Rows are as far apart as the screen is deep.
        for (size_t axis = 0; axis < screen.axes; axis += kernels.width) {
            for (size_t row = 0; row < n; row += TILE) {
                kernels.project(
                        work.centred.data() + row * depth, screen.basis.data() + axis * depth, depth,
                        work.projected.data() + row * screen.depth + axis, screen.depth);
            }
        }
        return work.projected.data();
    }

    // What the bounds need to know of the vectors.
    void place(const Screen& screen, Workspace& work, size_t n) const {
        const float* rows = project(screen, work, n);
        for (size_t i = 0; i < n; i++) {
            const float* row = rows + i * screen.depth;
            float norm = std::sqrt(kernels.dot(row, row, screen.depth));
            work.rest[i] = rest_of(screen, work.norm[i], norm);
            float length = work.norm[i] + mean_norm;
            work.slack[i] = (ROUNDING + UNIT * screen.depth + 2 * projection_error(screen)) * length * (largest_norm + mean_norm);
            if (kernels.bytes) {
                Rounded rounded = kernels.round(row, screen.depth, work.bytes.data() + i * screen.depth);
                work.sum[i] = rounded.sum;
                work.scale[i] = rounded.scale;
                work.slack[i] += rounded.error * screen.largest_norm + (norm + rounded.error) * screen.largest_error;
            }
        }
    }

    Panel panel(const Screen& screen, size_t from) const {
        Panel panel;
        panel.floats = kernels.bytes ? nullptr : screen.floats.data() + from * screen.depth;
        panel.bytes = kernels.bytes ? screen.bytes.data() + from * screen.depth : nullptr;
        panel.scale = screen.scale.data() + from;
        panel.bias = screen.bias.data() + from;
        panel.rest = screen.rest.data() + from;
        return panel;
    }

    Tile tile_of(const Screen& screen, const Workspace& work, size_t from) const {
        const float* rows = screen.axes == 0 ? work.centred.data() : work.projected.data();
        Tile tile;
        tile.floats = rows + from * screen.depth;
        tile.bytes = work.bytes.data() + from * screen.depth;
        tile.sum = work.sum.data() + from;
        tile.scale = work.scale.data() + from;
        tile.rest = work.rest.data() + from;
        tile.least = work.least.data() + from;
        return tile;
    }

    static void raise(Workspace& work, size_t i) {
        work.least[i] = work.best[i] - work.offset[i] - work.slack[i];
    }

    // Compares a vector with the centroids of a panel that the mask names, those of high bounds first. Returns how many.
    size_t compare(Workspace& work, size_t i, size_t from, const float* bounds, uint64_t mask) const {
        size_t compared = 0;
        while (mask != 0) {
            int next = __builtin_ctzll(mask);
            for (uint64_t others = mask & (mask - 1); others != 0; others &= others - 1) {
                int other = __builtin_ctzll(others);
                next = bounds[other] > bounds[next] ? other : next;
            }
            if (bounds[next] < work.least[i]) {
                break;
            }
            mask &= ~(uint64_t{1} << next);
            compared++;
            int64_t list = from + next;
            float score = kernels.dot(vector(work, i), centroids.data() + list * dimension, dimension);
            if (score > work.best[i] || (score == work.best[i] && list < work.lists[i])) {
                work.best[i] = score;
                work.lists[i] = list;
                raise(work, i);
            }
        }
        return compared;
    }

    size_t cheapest() const {
        size_t best = 0;
        for (size_t i = 1; i < screens.size(); i++) {
            best = costs[i].load(std::memory_order_relaxed) < costs[best].load(std::memory_order_relaxed) ? i : best;
        }
        return best;
    }

    // Of a vector, in products of floats: bytes cost a quarter, and a comparison outside of the panels as much again as its
    // products, for what it waits on memory.
    double cost(const Screen& screen, double compared) const {
        double bounds = static_cast<double>(nlist) * (screen.depth * (kernels.bytes ? 0.25 : 1.0) + 8);
        return bounds + static_cast<double>(screen.axes) * dimension + compared * (4.0 * dimension + 512);
    }

    const std::vector<float> centroids;
    const std::vector<float> mean;
    std::shared_ptr<const Basis> basis;
    float mean_norm = 0;
    float largest_norm = 0;
    std::vector<Screen> screens;
    mutable std::atomic<size_t> turns{0};
    mutable std::atomic<double> costs[3];
};

inline const Centroids& centroids(int64_t handle) {
    return *reinterpret_cast<const Centroids*>(handle);
}

} // namespace nearest

inline int64_t nearest_of(const float* centroids, int64_t nlist, int32_t dimension) {
    return reinterpret_cast<int64_t>(new nearest::Centroids(centroids, nlist, dimension, nullptr));
}

// Other centroids of the same number and dimension, which lie along the same axes: finding these takes longest.
inline int64_t nearest_moved(int64_t handle, const float* centroids) {
    const nearest::Centroids& before = nearest::centroids(handle);
    return reinterpret_cast<int64_t>(
            new nearest::Centroids(centroids, before.nlist, before.dimension, before.axes()));
}

inline void nearest_free(int64_t handle) {
    delete reinterpret_cast<nearest::Centroids*>(handle);
}

// Vectors first to first + n - 1 of Java arrays; their lists and scores go to the same places. Taken block by block: JavaCPP
// would copy whole arrays.
inline void nearest_assign(
        JNIEnv* env,
        jclass,
        int64_t handle,
        jfloatArray vectors,
        int64_t first,
        int64_t n,
        bool hinted,
        jlongArray lists,
        jfloatArray scores) {
    const nearest::Centroids& centroids = nearest::centroids(handle);
    size_t dimension = centroids.dimension;
    nearest::Workspace work(dimension, centroids.depth);
    static_assert(sizeof(jlong) == sizeof(int64_t), "jlong is not int64_t");
    for (int64_t from = first; from < first + n; from += nearest::BLOCK) {
        jsize count = std::min<int64_t>(nearest::BLOCK, first + n - from);
        env->GetFloatArrayRegion(vectors, from * dimension, count * dimension, work.vectors.data());
        jlong* list = reinterpret_cast<jlong*>(work.lists.data());
        if (hinted) {
            env->GetLongArrayRegion(lists, from, count, list);
        }
        centroids.assign(work, count, hinted, from);
        env->SetLongArrayRegion(lists, from, count, list);
        env->SetFloatArrayRegion(scores, from, count, work.best.data());
    }
}

} // namespace imagesearch
