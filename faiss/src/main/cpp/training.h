// k-means.
#pragma once

#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <omp.h>

#include <cstdint>
#include <cstring>

namespace imagesearch {

inline void kmeans(
        const float* vectors,
        int64_t n,
        int32_t dimension,
        int64_t k,
        int32_t iterations,
        int32_t seed,
        bool spherical,
        int32_t max_points_per_centroid,
        int32_t threads,
        float* centroids) {
    faiss::ClusteringParameters parameters;
    parameters.niter = iterations;
    parameters.seed = seed;
    parameters.spherical = spherical;
    parameters.min_points_per_centroid = 1;
    parameters.max_points_per_centroid = max_points_per_centroid;
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    faiss::Clustering clustering(dimension, k, parameters);
    faiss::IndexFlatIP by_inner_product(dimension);
    faiss::IndexFlatL2 by_distance(dimension);
    faiss::Index& assigner = spherical ? static_cast<faiss::Index&>(by_inner_product) : by_distance;
    try {
        clustering.train(n, vectors, assigner);
    } catch (...) {
        omp_set_num_threads(before);
        throw;
    }
    omp_set_num_threads(before);
    std::memcpy(centroids, clustering.centroids.data(), sizeof(float) * k * dimension);
}

} // namespace imagesearch
