package org.imagesearch.merge;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.Growth;

/**
 * What an index of any size will cost, from what indexes of some sizes did cost. Every step of the work has a form that follows from
 * what it does, and weights that are fitted to the measurements:
 *
 * <pre>
 * reading, measuring   core seconds = start + a * pictures
 * training             core seconds = start + vectors * iterations * (a + b * nlist)
 * assigning, writing   core seconds = start + pictures * (a + b * nlist)
 * a query              core seconds = a + b * nlist + c * vectors compared
 * vectors compared     share = a * pictures^b * nlist^c   for a given recall
 * </pre>
 *
 * All but the last and the starts are proportional to the dimension. Bounds that spare comparisons make the true cost grow more slowly with nlist than
 * these forms do: far beyond what was measured, they are on the careful side. Immutable.
 */
final class CostModel {
    private static final String MEASURED = "growth.json";

    private final Growth growth;
    private final double[] read;
    private final double[] train;
    private final double[] write;
    private final double[] measure;
    private final double[] query;
    private final double worst;

    private CostModel(Growth growth) {
        this.growth = growth;
        Step reading =
                new Step(point -> new double[] {1, point.pictures()}, point -> point.readSeconds() * growth.cores());
        Step training = new Step(
                point -> training(point.trainingVectors(), point.iterations(), point.nlist()),
                point -> point.trainSeconds() * growth.cores());
        Step writing = new Step(
                point -> perPicture(point.pictures(), point.nlist()), point -> point.writeSeconds() * growth.cores());
        Step measuring =
                new Step(point -> new double[] {1, point.pictures()}, point -> point.measureSeconds() * growth.cores());
        Step querying = new Step(point -> query(point.nlist(), point.scannedVectors()), Growth.Point::querySeconds);
        this.read = fit(reading);
        this.train = fit(training);
        this.write = fit(writing);
        this.measure = fit(measuring);
        this.query = fit(querying);
        this.worst = List.of(worst(training, train), worst(writing, write), worst(querying, query)).stream()
                .max(Double::compare)
                .orElseThrow();
    }

    /** What a step does with a measured index, and how long it took. */
    private record Step(Function<Growth.Point, double[]> quantities, ToDoubleFunction<Growth.Point> seconds) {}

    /** What was measured with this version; a machine of one's own is better described by measurements of one's own. */
    static Growth measured() {
        try (InputStream in = CostModel.class.getResourceAsStream(MEASURED)) {
            return Growth.fromJson(in.readAllBytes(), MEASURED);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + MEASURED, e);
        }
    }

    static CostModel fittedTo(Growth growth) {
        return new CostModel(growth);
    }

    /**
     * Core seconds of the steps of a build.
     *
     * @param read reading and checking every embedding
     * @param train k-means
     * @param write assigning and writing
     * @param measure inspecting and measuring recall
     */
    record Build(double read, double train, double write, double measure) {
        double total() {
            return read + train + write + measure;
        }
    }

    Build build(long pictures, int dimension, int nlist, long trainingVectors, int iterations) {
        double scale = (double) dimension / growth.dimension();
        return new Build(
                scaled(new double[] {1, pictures}, read, scale),
                scaled(training(trainingVectors, iterations, nlist), train, scale),
                scaled(perPicture(pictures, nlist), write, scale),
                scaled(new double[] {1, pictures}, measure, scale));
    }

    /** All but the start grows with the dimension. */
    private static double scaled(double[] quantities, double[] weights, double scale) {
        return weights[0] + scale * (NonNegativeFit.sum(quantities, weights) - weights[0]);
    }

    /** Seconds of one core for one query, over all shards. */
    double querySeconds(int dimension, int nlist, double vectorsCompared) {
        return (double) dimension / growth.dimension() * NonNegativeFit.sum(query(nlist, vectorsCompared), query);
    }

    /**
     * The share of all vectors that a query must be compared with, 0 to 1.
     *
     * @param recall recall@10, less than 1
     * @throws ImageSearchException (input) if no measured index reached that recall otherwise than by comparing everything
     */
    double scannedShare(long pictures, int nlist, double recall) {
        List<double[]> logs = new ArrayList<>();
        List<Double> shares = new ArrayList<>();
        for (Growth.Point point : growth.points()) {
            double share = point.shareFor(recall);
            if (share < 1) {
                logs.add(new double[] {1, Math.log((double) point.pictures()), Math.log(point.nlist())});
                shares.add(Math.log(share));
            }
        }
        if (logs.isEmpty()) {
            throw ImageSearchException.input(
                    "recall %s was reached in no measured index without comparing every vector: ask for less", recall);
        }
        PowerLaw law = PowerLaw.fit(logs, shares);
        return Math.min(1, Math.max(1.0 / nlist, Math.exp(law.at(Math.log((double) pictures), Math.log(nlist)))));
    }

    /** Bytes of rows per picture. */
    double rowBytes() {
        return growth.points().stream()
                .mapToDouble(point -> (double) point.rowBytes() / point.pictures())
                .max()
                .orElseThrow();
    }

    Growth growth() {
        return growth;
    }

    /** The largest relative error of training, writing and querying where it was measured. */
    double worstError() {
        return worst;
    }

    private static double[] training(long vectors, int iterations, int nlist) {
        double work = (double) vectors * iterations;
        return new double[] {1, work, work * nlist};
    }

    private static double[] perPicture(long pictures, int nlist) {
        return new double[] {1, pictures, (double) pictures * nlist};
    }

    private static double[] query(int nlist, double vectorsCompared) {
        return new double[] {1, nlist, vectorsCompared};
    }

    private double[] fit(Step step) {
        return NonNegativeFit.fit(quantities(step), seconds(step));
    }

    private double worst(Step step, double[] weights) {
        return NonNegativeFit.worst(quantities(step), seconds(step), weights);
    }

    private List<double[]> quantities(Step step) {
        return growth.points().stream().map(step.quantities).toList();
    }

    private double[] seconds(Step step) {
        return growth.points().stream().mapToDouble(step.seconds).toArray();
    }
}
