package org.imagesearch.merge;

import org.imagesearch.core.ImageSearchException;

/** Arithmetic on embeddings. */
final class Vectors {
    /** Encoders that compute in half precision are off by a thousandth; more than this is not a unit vector. */
    private static final double UNIT_TOLERANCE = 0.01;

    private Vectors() {}

    static double innerProduct(float[] left, float[] right) {
        double product = 0;
        for (int i = 0; i < left.length; i++) {
            product += (double) left[i] * right[i];
        }
        return product;
    }

    /** The cosine of two vectors; not a number if one is all zeros. */
    static float cosine(float[] left, float[] right) {
        double product = 0;
        double leftSquares = 0;
        double rightSquares = 0;
        for (int i = 0; i < left.length; i++) {
            product += (double) left[i] * right[i];
            leftSquares += (double) left[i] * left[i];
            rightSquares += (double) right[i] * right[i];
        }
        return (float) (product / Math.sqrt(leftSquares * rightSquares));
    }

    /** {@link #requireUnit(float[], int, int, double, boolean, String, long)} of an array that is one embedding. */
    static void requireUnit(float[] embedding, boolean promised, String what, long id) {
        double squares = 0;
        for (float value : embedding) {
            squares += (double) value * value;
        }
        requireUnit(embedding, 0, embedding.length, squares, promised, what, id);
    }

    /**
     * Makes sure that an embedding has length 1.
     *
     * @param vectors changed in place if the dataset does not promise unit length
     * @param from where the embedding begins
     * @param dimension its floats
     * @param squares the sum of their squares
     * @param promised whether the dataset says that its embeddings are normalised
     * @throws ImageSearchException (data) naming the id, if the promise is broken or the length is 0
     */
    static void requireUnit(
            float[] vectors, int from, int dimension, double squares, boolean promised, String what, long id) {
        double length = Math.sqrt(squares);
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
}
