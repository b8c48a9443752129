package org.imagesearch.faiss;

import org.imagesearch.faiss.binding.FaissCalls;

/** Groups of vectors that are as good as the same. */
public final class AlikeVectors {
    /** Vectors at most: each is compared with each. */
    public static final int MOST = 10_000;

    private AlikeVectors() {}

    /**
     * Groups vectors that are joined by chains of pairs with an inner product of at least {@code least}.
     *
     * @param vectors float[n * dimension]
     * @return int[n], for each vector the place of the first one of its group
     */
    public static int[] groups(float[] vectors, int n, int dimension, float least) {
        FaissLibrary.require();
        Arguments.requireRange("n", n, 1, MOST);
        Arguments.requireRange("dimension", dimension, 1, Integer.MAX_VALUE);
        Arguments.requireLength("vectors", vectors.length, (long) n * dimension);
        int[] first = new int[n];
        FaissCalls.groupsOfAlike(vectors, n, dimension, least, first);
        return first;
    }
}
