package org.imagesearch.server.query;

import java.time.Duration;
import java.util.function.LongSupplier;

/** The instant after which an answer is of no use; it travels with a request, so that late work is not even begun. */
public final class Deadline {
    private final LongSupplier nanoClock;
    private final long atNanos;

    private Deadline(LongSupplier nanoClock, long atNanos) {
        this.nanoClock = nanoClock;
        this.atNanos = atNanos;
    }

    /** A deadline so much from now. */
    public static Deadline in(Duration timeout) {
        return in(timeout, System::nanoTime);
    }

    /** A deadline by another clock. */
    public static Deadline in(Duration timeout, LongSupplier nanoClock) {
        return new Deadline(nanoClock, nanoClock.getAsLong() + timeout.toNanos());
    }

    /** Nanoseconds left, 0 once it has passed. */
    public long remainingNanos() {
        return Math.max(0, atNanos - nanoClock.getAsLong());
    }

    public boolean hasPassed() {
        return remainingNanos() == 0;
    }

    /** @throws RequestException (deadline exceeded) if it has passed before this step began */
    public void requireTimeFor(String step) {
        if (hasPassed()) {
            throw RequestException.of(Problem.DEADLINE_EXCEEDED, "no time was left for %s", step);
        }
    }
}
