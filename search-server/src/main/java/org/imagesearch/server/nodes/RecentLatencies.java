package org.imagesearch.server.nodes;

import java.util.Arrays;
import java.util.OptionalLong;

/** How long recent answers took, questions of much the same size with each other. Thread-safe. */
final class RecentLatencies {
    private static final int KEPT = 256;
    private static final int FEWEST = 20;

    /** Sorting again for every answer would cost more than a quantile that is a little old. */
    private static final int SORTED_EVERY = 16;

    private final OfSize[] sizes = new OfSize[Integer.SIZE];

    RecentLatencies() {
        Arrays.setAll(sizes, size -> new OfSize());
    }

    /** @param size of the question, in any unit, at least 1 */
    void add(int size, long nanos) {
        ofSize(size).add(nanos);
    }

    /** The time that 95 of a hundred take at most; empty while too few are known. */
    OptionalLong p95(int size) {
        return ofSize(size).p95();
    }

    private OfSize ofSize(int size) {
        return sizes[Integer.SIZE - 1 - Integer.numberOfLeadingZeros(size)];
    }

    private static final class OfSize {
        private final long[] nanos = new long[KEPT];
        private long count;
        private long p95;

        synchronized void add(long value) {
            nanos[(int) (count++ % KEPT)] = value;
            if (count == FEWEST || count % SORTED_EVERY == 0) {
                long[] sorted = Arrays.copyOf(nanos, (int) Math.min(count, KEPT));
                Arrays.sort(sorted);
                p95 = sorted[(int) Math.ceil(sorted.length * 0.95) - 1];
            }
        }

        synchronized OptionalLong p95() {
            return count < FEWEST ? OptionalLong.empty() : OptionalLong.of(p95);
        }
    }
}
