package org.imagesearch.faiss;

import org.imagesearch.core.ImageSearchException;

/**
 * How k-means runs.
 *
 * @param iterations passes over the training vectors
 * @param seed of the choice of the first centroids; the same seed, vectors and threads give the same centroids
 * @param spherical whether centroids are scaled to length 1 after each pass, as inner product on unit vectors wants
 * @param maxPointsPerCentroid training vectors beyond this many per centroid are left out, by a seeded choice
 * @param threads threads used
 */
public record KMeansOptions(int iterations, int seed, boolean spherical, int maxPointsPerCentroid, int threads) {
    /** @throws ImageSearchException (input) if a number is not positive */
    public KMeansOptions {
        if (iterations <= 0 || maxPointsPerCentroid <= 0 || threads <= 0) {
            throw ImageSearchException.input(
                    "k-means needs positive iterations, points per centroid and threads: %d, %d, %d",
                    iterations, maxPointsPerCentroid, threads);
        }
    }

    /** Spherical, 20 iterations, at most 256 points per centroid, every processor. */
    public static KMeansOptions spherical(int seed) {
        return new KMeansOptions(20, seed, true, 256, Runtime.getRuntime().availableProcessors());
    }
}
