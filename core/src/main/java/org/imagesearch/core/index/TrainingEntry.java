package org.imagesearch.core.index;

import org.imagesearch.core.ImageSearchException;

/**
 * How the centroids of a generation were trained.
 *
 * @param vectors training vectors, drawn over the whole dataset
 * @param iterations passes of k-means over them
 * @param seed of the draw and of k-means
 * @param objective mean inner product of a training vector with the centroid of its list, after the last pass
 * @param imbalance nlist * (sum of the squares of the sizes of the lists) / vectors^2: 1 if all lists are of one size
 */
public record TrainingEntry(long vectors, int iterations, long seed, double objective, double imbalance) {
    /** @throws ImageSearchException (data) if a number cannot be */
    public TrainingEntry {
        if (vectors <= 0 || iterations <= 0 || !(Math.abs(objective) <= 1.001) || !(imbalance >= 0.999)) {
            throw ImageSearchException.data(
                    "index.json: training has %d vectors, %d iterations, objective %s, imbalance %s",
                    vectors, iterations, objective, imbalance);
        }
    }
}
