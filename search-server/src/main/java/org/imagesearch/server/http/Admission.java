package org.imagesearch.server.http;

import java.util.concurrent.atomic.AtomicInteger;

/** How many requests may be under way, the waiting ones included. Thread-safe. */
final class Admission {
    private final int limit;
    private final AtomicInteger admitted = new AtomicInteger();

    Admission(int limit) {
        this.limit = limit;
    }

    /** Takes a place, if there is one; whoever got it leaves it once. */
    boolean tryEnter() {
        if (admitted.incrementAndGet() > limit) {
            admitted.decrementAndGet();
            return false;
        }
        return true;
    }

    void leave() {
        admitted.decrementAndGet();
    }

    int admitted() {
        return admitted.get();
    }
}
