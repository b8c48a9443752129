package org.imagesearch.embed;

import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A bound on bytes of memory that several threads take and give back. Whoever asks first is served first, so that a large
 * picture is not overtaken for ever by small ones. Thread-safe.
 */
final class ByteBudget {
    private static final int UNIT_BYTES = 4096;

    private final int units;
    private final Semaphore free;

    ByteBudget(long bytes) {
        this.units = Math.toIntExact(Math.max(1, bytes / UNIT_BYTES));
        this.free = new Semaphore(units, true);
    }

    /** Bytes taken from a budget; closing gives them back, once. */
    final class Room implements AutoCloseable {
        private final int taken;
        private final AtomicBoolean open = new AtomicBoolean(true);

        private Room(int taken) {
            this.taken = taken;
        }

        @Override
        public void close() {
            if (open.getAndSet(false)) {
                free.release(taken);
            }
        }
    }

    /** Takes bytes, waiting until they are free. More than the whole budget waits until nobody else has any, and takes all. */
    Room take(long bytes) throws InterruptedException {
        int wanted = (int) Math.min(units, (Math.max(0, bytes) + UNIT_BYTES - 1) / UNIT_BYTES);
        free.acquire(wanted);
        return new Room(wanted);
    }

    /** Bytes that are taken, rounded up to units. */
    long takenBytes() {
        return (long) UNIT_BYTES * (units - free.availablePermits());
    }
}
