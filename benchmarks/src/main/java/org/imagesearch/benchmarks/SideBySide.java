package org.imagesearch.benchmarks;

import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * The times of two sides that took turns, so that what else the machine does meets both: one round each to warm up, then as many
 * as asked for, the other side first every second time.
 *
 * @param ourSeconds the median of our rounds
 * @param theirSeconds the median of theirs
 */
record SideBySide(double ourSeconds, double theirSeconds) {
    /** One round of a side. */
    interface Round {
        /** Does the work and returns the seconds that count. */
        double seconds() throws IOException;
    }

    static SideBySide measure(int repeats, Round ours, Round theirs) throws IOException {
        ours.seconds();
        theirs.seconds();
        double[] ourTimes = new double[repeats];
        double[] theirTimes = new double[repeats];
        for (int i = 0; i < repeats; i++) {
            if (i % 2 == 0) {
                ourTimes[i] = ours.seconds();
                theirTimes[i] = theirs.seconds();
            } else {
                theirTimes[i] = theirs.seconds();
                ourTimes[i] = ours.seconds();
            }
        }
        return new SideBySide(median(ourTimes), median(theirTimes));
    }

    /** Seconds since a reading of {@link System#nanoTime}. */
    static double secondsSince(long nanos) {
        return (double) (System.nanoTime() - nanos) / TimeUnit.SECONDS.toNanos(1);
    }

    /** The middle value, of an even number the mean of the two in the middle. */
    static double median(double... values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
