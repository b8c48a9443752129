package org.imagesearch.faiss;

import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;

/** Training of centroids. */
public final class KMeans {
    private KMeans() {}

    /**
     * Trains centroids.
     *
     * @param vectors float[n * dimension], row-major
     * @param n vectors given, at least {@code k}
     * @param dimension floats per vector
     * @param k centroids wanted
     * @return float[k * dimension], row-major; of length 1 each if the options say spherical
     * @throws ImageSearchException (input) if the numbers do not fit together; (data) if a vector has NaN or infinity
     */
    public static float[] train(float[] vectors, int n, int dimension, int k, KMeansOptions options) {
        FaissLibrary.require();
        if (dimension <= 0 || k <= 0 || n < k) {
            throw ImageSearchException.input(
                    "%d centroids of dimension %d cannot be trained from %d vectors", k, dimension, n);
        }
        Arguments.requireLength("vectors", vectors.length, (long) n * dimension);
        float[] centroids = new float[Math.multiplyExact(k, dimension)];
        try {
            FaissCalls.kmeans(
                    vectors,
                    n,
                    dimension,
                    k,
                    options.iterations(),
                    options.seed(),
                    options.spherical(),
                    options.maxPointsPerCentroid(),
                    options.threads(),
                    centroids);
        } catch (RuntimeException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot train centroids: " + e.getMessage(), e);
        }
        return centroids;
    }
}
