package org.imagesearch.server.search;

/** Keeps work to a share of one core's time: after so much work comes so much rest. Not thread-safe. */
final class Budget {
    private final double share;
    private boolean worked;
    private long restUntilNanos;

    /** @param share of the time that may be worked, above 0 and up to 1 */
    Budget(double share) {
        this.share = share;
    }

    /** Notes work that has ended now, by whatever clock. */
    void spent(long workNanos, long nowNanos) {
        worked = true;
        restUntilNanos = nowNanos + (long) (workNanos * (1 / share - 1));
    }

    /** Rest that is still due now, 0 if there may be work again. */
    long restNanos(long nowNanos) {
        return worked ? Math.max(0, restUntilNanos - nowNanos) : 0;
    }
}
