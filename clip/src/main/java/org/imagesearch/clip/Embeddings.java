package org.imagesearch.clip;

import java.nio.file.Path;
import org.imagesearch.core.ImageSearchException;

/** What every encoder checks of its output. */
final class Embeddings {
    /** Half precision keeps about three decimal digits. */
    private static final double LENGTH_TOLERANCE = 5e-3;

    private Embeddings() {}

    /**
     * @param embeddings float[rows * dimension]
     * @throws ImageSearchException (data) naming the model, if there are more or fewer floats, or a row is not of unit length; NaN
     *     is of none
     */
    static void requireUnitLength(float[] embeddings, int rows, int dimension, Path model) {
        if (embeddings.length != (long) rows * dimension) {
            throw ImageSearchException.data(
                    "%s gave %d floats for a batch of %d, expected %d each", model, embeddings.length, rows, dimension);
        }
        for (int row = 0; row < rows; row++) {
            double square = 0;
            for (int i = row * dimension; i < (row + 1) * dimension; i++) {
                square += (double) embeddings[i] * embeddings[i];
            }
            if (!(Math.abs(Math.sqrt(square) - 1) <= LENGTH_TOLERANCE)) {
                throw ImageSearchException.data(
                        "%s gave an embedding of length %s, expected 1", model, Math.sqrt(square));
            }
        }
    }
}
