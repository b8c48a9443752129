package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.QRDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.linear.SingularMatrixException;

/**
 * A cost as a sum of shares that none can be negative: {@code value = sum of weight[j] * quantity[j]}. The weights make the sum of
 * squared relative errors least, so that a small measurement counts as much as a large one.
 *
 * <p>With few quantities the best of all subsets is found by trying each (Lawson and Hanson, Solving Least Squares Problems, 1974,
 * chapter 23: the solution is the unconstrained one of some subset).
 */
final class NonNegativeFit {
    private NonNegativeFit() {}

    /**
     * @param quantities of every measurement, all of the same length, at most 8
     * @param values measured, positive
     * @return a weight per quantity, 0 or more
     */
    static double[] fit(List<double[]> quantities, double[] values) {
        int width = quantities.get(0).length;
        double[] best = new double[width];
        double least = Double.POSITIVE_INFINITY;
        for (int subset = 1; subset < 1 << width; subset++) {
            double[] weights = solve(quantities, values, columns(subset, width));
            double error = error(quantities, values, weights);
            if (error < least) {
                least = error;
                best = weights;
            }
        }
        return best;
    }

    /** The largest relative error of a fit, 0.1 for 10%. */
    static double worst(List<double[]> quantities, double[] values, double[] weights) {
        double worst = 0;
        for (int i = 0; i < values.length; i++) {
            worst = Math.max(worst, Math.abs(sum(quantities.get(i), weights) / values[i] - 1));
        }
        return worst;
    }

    static double sum(double[] quantities, double[] weights) {
        double sum = 0;
        for (int j = 0; j < weights.length; j++) {
            sum += weights[j] * quantities[j];
        }
        return sum;
    }

    private static List<Integer> columns(int subset, int width) {
        List<Integer> columns = new ArrayList<>();
        for (int j = 0; j < width; j++) {
            if ((subset >> j & 1) == 1) {
                columns.add(j);
            }
        }
        return columns;
    }

    /** The weights of some quantities, the others 0; all 0 if these do not determine them. */
    private static double[] solve(List<double[]> quantities, double[] values, List<Integer> columns) {
        double[] weights = new double[quantities.get(0).length];
        if (columns.size() > values.length) {
            return weights;
        }
        RealMatrix matrix = new Array2DRowRealMatrix(values.length, columns.size());
        for (int i = 0; i < values.length; i++) {
            for (int j = 0; j < columns.size(); j++) {
                matrix.setEntry(i, j, quantities.get(i)[columns.get(j)] / values[i]);
            }
        }
        RealVector ones = new ArrayRealVector(values.length, 1);
        try {
            RealVector solution = new QRDecomposition(matrix).getSolver().solve(ones);
            for (int j = 0; j < columns.size(); j++) {
                weights[columns.get(j)] = solution.getEntry(j);
            }
        } catch (SingularMatrixException e) {
            // Quantities that always grew together: a subset without one of them says the same.
            return new double[weights.length];
        }
        return weights;
    }

    private static double error(List<double[]> quantities, double[] values, double[] weights) {
        double error = 0;
        for (double weight : weights) {
            if (weight < 0) {
                return Double.POSITIVE_INFINITY;
            }
        }
        for (int i = 0; i < values.length; i++) {
            double relative = sum(quantities.get(i), weights) / values[i] - 1;
            error += relative * relative;
        }
        return error;
    }
}
