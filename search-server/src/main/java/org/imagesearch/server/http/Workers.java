package org.imagesearch.server.http;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that answer requests, and the requests that wait for one.
 *
 * <p>They come in turn while all is well. Once the oldest has waited for a tenth of what it may, there is more to do than can be done, and
 * the newest comes first: in turn, everybody would wait as long as the queue is, for answers that come late; so, most are answered as
 * quickly as ever, and those who waited longer than they may are refused. How many may wait is bounded by {@link Admission}. Thread-safe.
 */
final class Workers implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Workers.class);
    private static final int PATIENT_SHARE = 10;
    private static final long STOP_SECONDS = 10;

    private final long longestNanos;
    private final LongSupplier nanoClock;
    private final Deque<Turn> waiting = new ArrayDeque<>();
    private final List<Thread> threads = new ArrayList<>();
    private boolean closed;

    /** @param longest that a request may wait */
    Workers(int count, Duration longest, LongSupplier nanoClock) {
        this.longestNanos = longest.toNanos();
        this.nanoClock = nanoClock;
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(this::work, "answer-" + i);
            thread.setDaemon(true);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    /** A request's place in the queue. */
    final class Turn implements Executor {
        private Runnable task;
        private long sinceNanos;
        private long waitedNanos;
        private boolean late;

        /** @throws RejectedExecutionException after {@link Workers#close} */
        @Override
        public void execute(Runnable task) {
            this.task = task;
            this.sinceNanos = nanoClock.getAsLong();
            add(this);
        }

        /** How long it waited; known to the task alone. */
        long waitedNanos() {
            return waitedNanos;
        }

        /** Whether that was longer than it may, while others wait: a lone request is late because the machine is, and is answered. */
        boolean waitedTooLong() {
            return late;
        }
    }

    /** A turn that begins when it is given something to execute, once. */
    Turn turn() {
        return new Turn();
    }

    private synchronized void add(Turn turn) {
        if (closed) {
            throw new RejectedExecutionException("the server is stopping");
        }
        waiting.addLast(turn);
        notify();
    }

    private void work() {
        for (Turn turn = next(); turn != null; turn = next()) {
            try {
                turn.task.run();
            } catch (RuntimeException | Error e) {
                LOG.error("a request was not answered", e);
            }
        }
    }

    /** The request to answer or refuse next, once there is one; null after {@link #close}. */
    private synchronized Turn next() {
        try {
            while (waiting.isEmpty()) {
                if (closed) {
                    return null;
                }
                wait();
            }
        } catch (InterruptedException e) {
            return null;
        }
        long now = nanoClock.getAsLong();
        long oldest = now - waiting.getFirst().sinceNanos;
        boolean inTurn = oldest <= longestNanos / PATIENT_SHARE || oldest > longestNanos;
        Turn turn = inTurn ? waiting.removeFirst() : waiting.removeLast();
        turn.waitedNanos = now - turn.sinceNanos;
        turn.late = turn.waitedNanos > longestNanos && !waiting.isEmpty();
        return turn;
    }

    /** Requests that wait for a thread. */
    synchronized int waiting() {
        return waiting.size();
    }

    /** Lets what waits be answered, and waits for it, but not for ever. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(STOP_SECONDS);
        try {
            for (Thread thread : threads) {
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
