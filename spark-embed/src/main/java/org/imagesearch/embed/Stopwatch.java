package org.imagesearch.embed;

import java.util.function.LongSupplier;

/** Time spent, in pieces, on one thing. Thread-safe. */
final class Stopwatch {
    private final LongSupplier nanoTime;
    private long spentNanos;
    private long startedNanos;
    private boolean running;

    /** @param nanoTime as {@link System#nanoTime} */
    Stopwatch(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    synchronized void start() {
        if (!running) {
            running = true;
            startedNanos = nanoTime.getAsLong();
        }
    }

    synchronized void stop() {
        spentNanos = nanos();
        running = false;
    }

    /** Between every start and its stop so far. */
    synchronized long nanos() {
        return running ? spentNanos + nanoTime.getAsLong() - startedNanos : spentNanos;
    }
}
