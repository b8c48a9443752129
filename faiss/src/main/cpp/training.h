// The steps of k-means that nearest.h has not: whether vectors are fit for it, and new centroids from old lists. Java goes
// through the iterations and owns the threads.
#pragma once

#include <jni.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "nearest.h"

namespace imagesearch {

// The first of vectors first to first + n - 1 that has NaN, infinity or no direction; -1 if there is none.
inline int64_t kmeans_unfit(JNIEnv* env, jclass, jfloatArray vectors, int64_t first, int64_t n, int32_t dimension) {
    const nearest::Kernels& kernels = nearest::kernels_of(instruction_set());
    std::vector<float> vector(dimension);
    for (int64_t i = first; i < first + n; i++) {
        env->GetFloatArrayRegion(vectors, i * dimension, dimension, vector.data());
        float square = kernels.dot(vector.data(), vector.data(), dimension);
        if (!(square > 0) || std::isinf(square)) {
            return i;
        }
    }
    return -1;
}

// The centroids of lists from to to - 1, scaled to length 1: list l has the vectors members[starts[l]] to members[starts[l + 1]
// - 1]. One whose vectors cancel each other, or that has none, stays as it is. Each sum is made in the order of the members and in double: the
// same whatever the threads. Returns the sum over these vectors of their inner products with the new centroids.
inline double kmeans_update(
        JNIEnv* env,
        jclass,
        jfloatArray vectors,
        int32_t dimension,
        jintArray members,
        jintArray starts,
        int32_t from,
        int32_t to,
        jfloatArray centroids) {
    const nearest::Kernels& kernels = nearest::kernels_of(instruction_set());
    std::vector<jint> bounds(to - from + 1);
    env->GetIntArrayRegion(starts, from, bounds.size(), bounds.data());
    std::vector<jint> list;
    std::vector<float> vector(dimension);
    std::vector<double> sums(dimension);
    double total = 0;
    for (int32_t l = from; l < to; l++) {
        jint start = bounds[l - from], end = bounds[l - from + 1];
        list.resize(end - start);
        env->GetIntArrayRegion(members, start, end - start, list.data());
        std::fill(sums.begin(), sums.end(), 0.0);
        for (jint member : list) {
            env->GetFloatArrayRegion(vectors, static_cast<jsize>(member) * dimension, dimension, vector.data());
            kernels.add_to(sums.data(), vector.data(), dimension);
        }
        double square = 0;
        for (double sum : sums) {
            square += sum * sum;
        }
        double length = std::sqrt(square);
        total += length;
        // Of vectors that cancel each other, rounding alone remains.
        if (length <= 1e-6 * list.size()) {
            continue;
        }
        for (int32_t i = 0; i < dimension; i++) {
            vector[i] = static_cast<float>(sums[i] / length);
        }
        env->SetFloatArrayRegion(centroids, l * dimension, dimension, vector.data());
    }
    return total;
}

} // namespace imagesearch
