package org.imagesearch.benchmarks;

import java.util.List;

/**
 * How a quantity went over time, its first tenth left out: there caches fill and code is compiled.
 *
 * @param slopePerHour of the straight line through the samples that is nearest by least squares
 * @param first median of the first quarter
 * @param last median of the last quarter
 */
record SoakTrend(double slopePerHour, double first, double last) {
    private static final double SECONDS_PER_HOUR = 3600;

    /** More is growth. */
    private static final double MOST_RATIO = 1.05;

    /** @param value at a time */
    record Sample(double second, double value) {}

    /** @param samples at least eight, in order of time */
    static SoakTrend of(List<Sample> samples) {
        List<Sample> settled = samples.subList((samples.size() + 9) / 10, samples.size());
        int quarter = Math.max(1, settled.size() / 4);
        return new SoakTrend(
                SECONDS_PER_HOUR * slope(settled),
                median(settled.subList(0, quarter)),
                median(settled.subList(settled.size() - quarter, settled.size())));
    }

    private static double slope(List<Sample> samples) {
        double meanSecond =
                samples.stream().mapToDouble(Sample::second).average().orElse(0);
        double meanValue = samples.stream().mapToDouble(Sample::value).average().orElse(0);
        double together = 0;
        double squares = 0;
        for (Sample sample : samples) {
            together += (sample.second - meanSecond) * (sample.value - meanValue);
            squares += (sample.second - meanSecond) * (sample.second - meanSecond);
        }
        return squares == 0 ? 0 : together / squares;
    }

    private static double median(List<Sample> samples) {
        return SideBySide.median(samples.stream().mapToDouble(Sample::value).toArray());
    }

    /** @param noise by which a quantity of this kind differs from one moment to another */
    boolean isFlat(double noise) {
        return last <= first * MOST_RATIO || last - first <= noise;
    }
}
