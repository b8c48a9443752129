package org.imagesearch.clip;

import java.nio.file.Path;
import org.imagesearch.core.ImageSearchException;

/** What every encoder makes of the output of its model. */
final class Embeddings {
    /** Half precision keeps about three decimal digits. */
    private static final double LENGTH_TOLERANCE = 5e-3;

    private Embeddings() {}

    /**
     * Checks that there are as many as were asked for.
     *
     * @throws ImageSearchException (data) naming the model, if there are more or fewer floats
     */
    static void requireRows(float[] embeddings, int rows, int dimension, Path model) {
        if (embeddings.length != (long) rows * dimension) {
            throw ImageSearchException.data(
                    "%s gave %d floats for a batch of %d, expected %d each", model, embeddings.length, rows, dimension);
        }
    }

    /**
     * Checks rows of unit length, or scales rows that are not.
     *
     * @param embeddings float[rows * dimension]; scaled in place
     * @param normalised whether the model promises unit length
     * @throws ImageSearchException (data) naming the model, if a row is not of the length that is promised, or of none: zero and
     *     NaN have no direction
     */
    static void makeUnitLength(float[] embeddings, int dimension, boolean normalised, Path model) {
        for (int from = 0; from < embeddings.length; from += dimension) {
            double length = length(embeddings, from, dimension);
            if (normalised && !(Math.abs(length - 1) <= LENGTH_TOLERANCE)) {
                throw ImageSearchException.data("%s gave an embedding of length %s, expected 1", model, length);
            }
            if (!normalised) {
                if (!(length > 0) || Double.isInfinite(length)) {
                    throw ImageSearchException.data(
                            "%s gave an embedding of length %s, which has no direction", model, length);
                }
                for (int i = from; i < from + dimension; i++) {
                    embeddings[i] = (float) (embeddings[i] / length);
                }
            }
        }
    }

    private static double length(float[] embeddings, int from, int dimension) {
        double square = 0;
        for (int i = from; i < from + dimension; i++) {
            square += (double) embeddings[i] * embeddings[i];
        }
        return Math.sqrt(square);
    }
}
