// The kernels of nearest.h in one set of instructions; nearest.h includes this once for each, between definitions of:
//   LANES (floats in a vector), VECTORS (vectors of centroids in a tile) and MASK(a, b) (a bit per lane, set where a >= b).
// Written with the compiler's vectors, so that all sets share one text.

typedef float Floats __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

static constexpr size_t WIDTH = LANES * VECTORS;

static inline Floats load(const float* from) {
    return *reinterpret_cast<const Floats*>(from);
}

static inline void store(float* to, Floats value) {
    *reinterpret_cast<Floats*>(to) = value;
}

static inline float sum_of(Floats value) {
    float sum = 0;
    for (int lane = 0; lane < LANES; lane++) {
        sum += value[lane];
    }
    return sum;
}

static float dot(const float* a, const float* b, size_t n) {
    Floats sum_0 = {}, sum_1 = {}, sum_2 = {}, sum_3 = {};
    size_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        sum_0 += load(a + i) * load(b + i);
        sum_1 += load(a + i + LANES) * load(b + i + LANES);
        sum_2 += load(a + i + 2 * LANES) * load(b + i + 2 * LANES);
        sum_3 += load(a + i + 3 * LANES) * load(b + i + 3 * LANES);
    }
    for (; i + LANES <= n; i += LANES) {
        sum_0 += load(a + i) * load(b + i);
    }
    float sum = sum_of((sum_0 + sum_1) + (sum_2 + sum_3));
    for (; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static void subtract(const float* a, const float* b, size_t n, float* out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = a[i] - b[i];
    }
}

static void add_to(double* sums, const float* vector, size_t n) {
    for (size_t i = 0; i < n; i++) {
        sums[i] += vector[i];
    }
}

static void add_scaled(float factor, const float* vector, size_t n, float* sums) {
    for (size_t i = 0; i < n; i++) {
        sums[i] += factor * vector[i];
    }
}

// Six rows of float[k], one after the other, times a panel float[k][WIDTH].
static inline __attribute__((always_inline)) void multiply(
        const float* rows, const float* panel, size_t k, Floats (&sums)[TILE][VECTORS]) {
    for (int row = 0; row < TILE; row++) {
        for (int vector = 0; vector < VECTORS; vector++) {
            sums[row][vector] = Floats{};
        }
    }
    for (size_t i = 0; i < k; i++, panel += WIDTH) {
        Floats columns[VECTORS];
#pragma GCC unroll 4
        for (int vector = 0; vector < VECTORS; vector++) {
            columns[vector] = load(panel + vector * LANES);
        }
#pragma GCC unroll 6
        for (int row = 0; row < TILE; row++) {
            Floats value = Floats{} + rows[row * k + i];
#pragma GCC unroll 4
            for (int vector = 0; vector < VECTORS; vector++) {
                sums[row][vector] += value * columns[vector];
            }
        }
    }
}

// Products of six rows float[k] with one panel, out[row * stride + column].
static void project(const float* rows, const float* panel, size_t k, float* out, size_t stride) {
    Floats sums[TILE][VECTORS];
    multiply(rows, panel, k, sums);
    for (int row = 0; row < TILE; row++) {
        for (int vector = 0; vector < VECTORS; vector++) {
            store(out + row * stride + vector * LANES, sums[row][vector]);
        }
    }
}

static void bound(const Panel& panel, const Tile& tile, size_t k, float* bounds, uint64_t* masks) {
    Floats sums[TILE][VECTORS];
    multiply(tile.floats, panel.floats, k, sums);
    for (int row = 0; row < TILE; row++) {
        masks[row] = 0;
        for (int vector = 0; vector < VECTORS; vector++) {
            Floats most = sums[row][vector] + load(panel.bias + vector * LANES) +
                    load(panel.rest + vector * LANES) * tile.rest[row];
            store(bounds + row * WIDTH + vector * LANES, most);
            masks[row] |= static_cast<uint64_t>(MASK(most, Floats{} + tile.least[row])) << (vector * LANES);
        }
    }
}

static const Kernels kernels = {WIDTH, false, dot, subtract, add_to, add_scaled, project, bound, nullptr};
