package org.imagesearch.faiss;

import org.imagesearch.core.ImageSearchException;

/**
 * How k-means runs.
 *
 * @param iterations passes over the training vectors at most
 * @param seed of every choice at random; the same seed and vectors give the same centroids, whatever the threads
 * @param leastGain it ends before, once a pass gains less than this share of the objective; 0 for all of the iterations
 * @param threads threads used
 */
public record KMeansOptions(int iterations, int seed, double leastGain, int threads) {
    /** Gains below this change no recall that can be measured. */
    public static final double LEAST_GAIN = 1e-4;

    /** @throws ImageSearchException (input) if iterations or threads are not positive or the gain is not 0 to 1 */
    public KMeansOptions {
        if (iterations <= 0 || threads <= 0 || !(leastGain >= 0 && leastGain < 1)) {
            throw ImageSearchException.input(
                    "k-means needs positive iterations and threads, and a least gain of 0 to 1: %d, %d, %s",
                    iterations, threads, leastGain);
        }
    }

    /** At most 20 iterations, every processor. */
    public static KMeansOptions seeded(int seed) {
        return new KMeansOptions(20, seed, LEAST_GAIN, Runtime.getRuntime().availableProcessors());
    }
}
