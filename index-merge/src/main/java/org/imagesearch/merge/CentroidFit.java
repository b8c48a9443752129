package org.imagesearch.merge;

import java.io.Serializable;

/** How well pictures fit the centroids of the lists they are in, and how evenly they fill the lists. One thread at a time. */
final class CentroidFit implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long[] listSizes;
    private double scoreSum;

    CentroidFit(int nlist) {
        this.listSizes = new long[nlist];
    }

    /**
     * Counts a picture.
     *
     * @param vectors row-major, of which row {@code row} is the picture's
     * @param centroids {@code float[nlist * dimension]}
     */
    void add(int list, float[] vectors, int row, float[] centroids, int dimension) {
        double score = 0;
        for (int i = 0; i < dimension; i++) {
            score += vectors[row * dimension + i] * centroids[list * dimension + i];
        }
        scoreSum += score;
        listSizes[list]++;
    }

    /** Takes in what was counted elsewhere. */
    void merge(CentroidFit other) {
        scoreSum += other.scoreSum;
        for (int list = 0; list < listSizes.length; list++) {
            listSizes[list] += other.listSizes[list];
        }
    }

    /** Vectors per inverted list. */
    long[] listSizes() {
        return listSizes;
    }

    long pictures() {
        long pictures = 0;
        for (long size : listSizes) {
            pictures += size;
        }
        return pictures;
    }

    /** Mean inner product of a picture with the centroid of its list; 1 if there is no picture. */
    double mean() {
        long pictures = pictures();
        return pictures == 0 ? 1 : scoreSum / pictures;
    }

    /**
     * {@code nlist * sum(size^2) / sum(size)^2}: by how much more than with equal lists a query compares that probes the lists
     * of pictures drawn at random (Faiss calls it the imbalance factor). 1 if there is no picture.
     */
    double imbalance() {
        double sum = 0;
        double squares = 0;
        for (long size : listSizes) {
            sum += size;
            squares += (double) size * size;
        }
        return sum == 0 ? 1 : listSizes.length * squares / (sum * sum);
    }
}
