package org.imagesearch.server.search;

/**
 * The mean of recent values: of all of them until there are {@value #WINDOW}, from then on each new value counts 1 /
 * {@value #WINDOW} and what was before it fades accordingly. Not thread-safe.
 */
final class DecayedMean {
    static final int WINDOW = 200;

    private long count;
    private double mean;

    void add(double value) {
        count++;
        mean += (value - mean) / Math.min(count, WINDOW);
    }

    long count() {
        return count;
    }

    /** NaN before the first value. */
    double mean() {
        return count == 0 ? Double.NaN : mean;
    }
}
