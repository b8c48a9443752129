package org.imagesearch.merge;

import org.imagesearch.core.ImageSearchException;

/** Arithmetic on embeddings. */
final class Vectors {
    /** Encoders that compute in half precision are off by a thousandth; more than this is not a unit vector. */
    private static final double UNIT_TOLERANCE = 0.01;

    private Vectors() {}

    /** The same of an array that is one embedding. */
    static void requireUnit(float[] embedding, boolean promised, String what, long id) {
        requireUnit(embedding, 0, embedding.length, promised, what, id);
    }

    /**
     * Makes sure that an embedding has length 1.
     *
     * @param vectors changed in place if the dataset does not promise unit length
     * @param from where the embedding begins
     * @param dimension its floats
     * @param promised whether the dataset says that its embeddings are normalised
     * @throws ImageSearchException (data) naming the id, if the promise is broken or the length is 0
     */
    static void requireUnit(float[] vectors, int from, int dimension, boolean promised, String what, long id) {
        double length = Math.sqrt(squares(vectors, from, dimension));
        if (length == 0) {
            throw ImageSearchException.data("the embedding of %s %d is all zeros", what, id);
        }
        if (promised) {
            if (Math.abs(length - 1) > UNIT_TOLERANCE) {
                throw ImageSearchException.data(
                        "the embedding of %s %d has length %.4f, but dataset.json says normalised", what, id, length);
            }
            return;
        }
        for (int i = from; i < from + dimension; i++) {
            vectors[i] = (float) (vectors[i] / length);
        }
    }

    /** In four sums side by side, which a processor can work on at the same time. */
    private static double squares(float[] vectors, int from, int dimension) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int end = from + dimension;
        int i = from;
        for (; i + 3 < end; i += 4) {
            a += (double) vectors[i] * vectors[i];
            b += (double) vectors[i + 1] * vectors[i + 1];
            c += (double) vectors[i + 2] * vectors[i + 2];
            d += (double) vectors[i + 3] * vectors[i + 3];
        }
        for (; i < end; i++) {
            a += (double) vectors[i] * vectors[i];
        }
        return a + b + c + d;
    }
}
