package org.imagesearch.merge;

import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.RealVector;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * A power law of two quantities, a plane in their logarithms, by least squares. Where the measurements do not tell the quantities
 * apart, because one always grew with the other, the plane that is least steep of all that fit is taken.
 */
final class PowerLaw {
    /** Singular values below this share of the largest are noise of quantities that grew together. */
    private static final double LEAST_SINGULAR = 1e-3;

    private final double[] center;
    private final RealVector slopes;
    private final double height;

    private PowerLaw(double[] center, RealVector slopes, double height) {
        this.center = center;
        this.slopes = slopes;
        this.height = height;
    }

    /**
     * @param logs per measurement 1 and the logarithms of both quantities
     * @param values logarithms of what was measured
     */
    static PowerLaw fit(List<double[]> logs, List<Double> values) {
        double[] center = new double[2];
        double height = 0;
        for (int i = 0; i < logs.size(); i++) {
            center[0] += logs.get(i)[1] / logs.size();
            center[1] += logs.get(i)[2] / logs.size();
            height += values.get(i) / logs.size();
        }
        Array2DRowRealMatrix offsets = new Array2DRowRealMatrix(Math.max(2, logs.size()), 2);
        RealVector above = new ArrayRealVector(offsets.getRowDimension());
        for (int i = 0; i < logs.size(); i++) {
            offsets.setEntry(i, 0, logs.get(i)[1] - center[0]);
            offsets.setEntry(i, 1, logs.get(i)[2] - center[1]);
            above.setEntry(i, values.get(i) - height);
        }
        SingularValueDecomposition parts = new SingularValueDecomposition(offsets);
        RealVector slopes = new ArrayRealVector(2);
        double[] singular = parts.getSingularValues();
        for (int j = 0; j < singular.length; j++) {
            if (singular[j] > LEAST_SINGULAR * singular[0] && singular[j] > 0) {
                double along = parts.getU().getColumnVector(j).dotProduct(above) / singular[j];
                slopes = slopes.add(parts.getV().getColumnVector(j).mapMultiply(along));
            }
        }
        return new PowerLaw(center, slopes, height);
    }

    /** The logarithm at the logarithms of both quantities. */
    double at(double first, double second) {
        return height + slopes.getEntry(0) * (first - center[0]) + slopes.getEntry(1) * (second - center[1]);
    }
}
