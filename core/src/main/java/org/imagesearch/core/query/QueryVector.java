package org.imagesearch.core.query;

import java.util.List;
import java.util.function.Function;
import org.imagesearch.core.ImageSearchException;

/** The arithmetic of terms: what a query looks for is the weighted sum of what its terms look for. */
public final class QueryVector {
    /** Terms that leave less than this share of themselves of each other have no direction worth searching in. */
    private static final double SHORTEST = 1e-4;

    private QueryVector() {}

    /**
     * Adds terms up.
     *
     * @param embedding of a term, float[dimension], of any length but 0
     * @return float[dimension], of unit length
     * @throws ImageSearchException (input) if an embedding is of no use, or the terms cancel each other out
     */
    public static float[] of(List<Term> terms, int dimension, Function<Term, float[]> embedding) {
        double[] sum = new double[dimension];
        // Weights count against each other only: a single term may weigh as little as it likes.
        double total =
                terms.stream().mapToDouble(term -> Math.abs(term.weight())).sum();
        for (Term term : terms) {
            float[] unit = normalised(embedding.apply(term));
            for (int i = 0; i < dimension; i++) {
                sum[i] += term.weight() / total * unit[i];
            }
        }
        double length = length(sum);
        if (!(length >= SHORTEST)) {
            throw ImageSearchException.input("the terms cancel each other out: nothing is left to search for");
        }
        float[] query = new float[dimension];
        for (int i = 0; i < dimension; i++) {
            query[i] = (float) (sum[i] / length);
        }
        return query;
    }

    /**
     * A vector, scaled to unit length.
     *
     * @throws ImageSearchException (input) if it is all zeros or not finite
     */
    public static float[] normalised(float[] vector) {
        double[] wide = new double[vector.length];
        for (int i = 0; i < vector.length; i++) {
            wide[i] = vector[i];
        }
        double length = length(wide);
        if (!(length > 0) || Double.isInfinite(length)) {
            throw ImageSearchException.input("a vector must be finite and not all zeros");
        }
        float[] unit = new float[vector.length];
        for (int i = 0; i < vector.length; i++) {
            unit[i] = (float) (vector[i] / length);
        }
        return unit;
    }

    private static double length(double[] vector) {
        double square = 0;
        for (double value : vector) {
            square += value * value;
        }
        return Math.sqrt(square);
    }
}
