package org.imagesearch.core.calibration;

import java.util.Arrays;

/**
 * The scores of a query against random pictures of an index, and how any score stands among them.
 *
 * <p>Up to the scores of the best twentieth, a percentile is counted. Above, where a sample is too coarse to tell the best hits of a
 * large index apart, the tail is taken for exponential, with the mean excess of that twentieth: it was nearest to what was measured
 * (docs/adr/0019), and unlike fits with a shape of their own it never ends, so that a higher score always has a higher percentile.
 */
public final class ScoreDistribution {
    private static final int TAIL = 20;
    private static final double LEAST_DEVIATION = 1e-6;

    private final float[] ascending;
    private final double mean;
    private final double deviation;
    private final int inTail;
    private final double threshold;
    private final double meanExcess;

    /** @param given scores in any order, one at least; stays as it is */
    public ScoreDistribution(float[] given) {
        float[] scores = given.clone();
        Arrays.sort(scores);
        this.ascending = scores;
        int count = scores.length;
        double sum = 0;
        for (float score : scores) {
            sum += score;
        }
        this.mean = sum / count;
        double squares = 0;
        for (float score : scores) {
            squares += (score - mean) * (score - mean);
        }
        this.deviation = Math.max(LEAST_DEVIATION, Math.sqrt(squares / count));
        this.inTail = Math.min(Math.max(TAIL, count / TAIL), count / 2);
        this.threshold = scores[count - inTail - 1];
        double excess = 0;
        for (int i = count - inTail; i < count; i++) {
            excess += scores[i] - threshold;
        }
        this.meanExcess = Math.max(LEAST_DEVIATION, excess / Math.max(1, inTail));
    }

    /** Scores that it was made of. */
    public int count() {
        return ascending.length;
    }

    public double mean() {
        return mean;
    }

    /** The standard deviation. */
    public double deviation() {
        return deviation;
    }

    /** The share of random pictures that score lower, 0 to 1; a picture of equal score counts half. */
    public double percentile(double score) {
        if (score > threshold) {
            return 1 - tailShare() * Math.exp(-(score - threshold) / meanExcess);
        }
        int lower = firstAtLeast(score);
        int notHigher = firstAtLeast(Math.nextUp((float) score));
        return (lower + 0.5 * Math.max(0, notHigher - lower)) / ascending.length;
    }

    /** The least score that has at least a percentile, 0 to below 1. */
    public double scoreAt(double percentile) {
        if (percentile <= 0) {
            return Double.NEGATIVE_INFINITY;
        }
        if (percentile > percentile(threshold)) {
            return Math.max(
                    Math.nextUp((float) threshold), threshold + meanExcess * Math.log(tailShare() / (1 - percentile)));
        }
        int place = (int) Math.max(0, Math.floor(percentile * ascending.length) - 1);
        while (percentile(ascending[place]) < percentile) {
            place++;
        }
        boolean nextAboveTheOneBefore = place > 0 && (double) place / ascending.length >= percentile;
        return nextAboveTheOneBefore ? Math.nextUp(ascending[place - 1]) : ascending[place];
    }

    /** How many standard deviations a score lies above the mean: the same for queries that score high with everything and low. */
    public double standing(double score) {
        return (score - mean) / deviation;
    }

    /** The score that stands so. */
    public double scoreOf(double standing) {
        return mean + standing * deviation;
    }

    private double tailShare() {
        return (double) inTail / ascending.length;
    }

    private int firstAtLeast(double score) {
        int from = 0;
        int to = ascending.length;
        while (from < to) {
            int middle = (from + to) >>> 1;
            if (ascending[middle] < score) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        return from;
    }
}
