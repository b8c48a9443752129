package org.imagesearch.faiss;

import java.util.List;

/**
 * What k-means found.
 *
 * @param centroids float[k * dimension], row-major, of length 1 each
 * @param objectives mean inner product of the training vectors with the centroids of their lists, after each pass: never falls
 * @param imbalance k * (sum of the squares of the sizes of the lists) / n^2 in the last pass: 1 if all lists are of one size, and how
 *     many times as many vectors a search of one list must expect to compare as if they were
 * @param repaired centroids that no vector was nearest to and that were put elsewhere, in all passes together
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
public record Clusters(float[] centroids, List<Double> objectives, double imbalance, int repaired) {
    public Clusters {
        objectives = List.copyOf(objectives);
    }

    /** Passes over the training vectors. */
    public int iterations() {
        return objectives.size();
    }

    /** The objective after the last pass. */
    public double objective() {
        return objectives.get(objectives.size() - 1);
    }
}
