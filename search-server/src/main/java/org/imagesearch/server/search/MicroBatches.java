package org.imagesearch.server.search;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * Runs of a model that requests share, one run at a time on a thread of its own.
 *
 * <p>A run begins as soon as something waits and no other run is under way; whatever arrives during it forms the next one. So a lone
 * request never waits for company, and the more there are, the more each run does. Equal inputs that wait at the same time are encoded
 * once. What nobody can use any more, because its deadline passed while it waited, is dropped before a run begins. When a run of several
 * fails, each of them is tried alone, so that one bad input fails alone. Thread-safe.
 *
 * @param <I> what is encoded; equal ones are taken for the same
 */
final class MicroBatches<I> implements AutoCloseable {
    /** A model as a run needs it. */
    interface Model<I> {
        /** Returns float[inputs * dimension]. */
        float[] encode(List<I> inputs);
    }

    /** An embedding that may not be there yet. */
    interface Embedding {
        /**
         * Waits for it, until the deadline that it was asked for with.
         *
         * @return float[dimension], shared with others: not to be changed
         */
        float[] await();
    }

    private final String inputs;
    private final int maxBatch;
    private final int maxWaiting;
    private final int dimension;
    private final EncodingMetrics.OfModel metrics;
    private final Model<I> model;
    private final Thread runner;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Queue<Waiting<I>> waiting = new ArrayDeque<>();
    /** What waits and what is in the run that is under way. */
    private final Map<I, Waiting<I>> pending = new HashMap<>();

    private boolean closed;

    /**
     * Starts the thread that runs the model.
     *
     * @param inputs what is encoded, for messages and the thread's name: {@code texts}
     * @param maxBatch inputs of a run at most
     * @param maxWaiting inputs that wait for a run at most; beyond it they are refused
     * @param dimension floats per embedding
     * @param model only ever called by that thread; stays the caller's
     */
    MicroBatches(
            String inputs,
            int maxBatch,
            int maxWaiting,
            int dimension,
            EncodingMetrics.OfModel metrics,
            Model<I> model) {
        this.inputs = inputs;
        this.maxBatch = maxBatch;
        this.maxWaiting = maxWaiting;
        this.dimension = dimension;
        this.metrics = metrics;
        this.model = model;
        this.runner = new Thread(this::runAll, "encode-" + inputs);
        runner.setDaemon(true);
        runner.start();
    }

    /** An input and those who wait for it. */
    private static final class Waiting<I> {
        private final I input;
        private final long sinceNanos = System.nanoTime();
        private final CompletableFuture<float[]> embedding = new CompletableFuture<>();
        private Deadline latest;

        Waiting(I input, Deadline deadline) {
            this.input = input;
            this.latest = deadline;
        }

        void wantedUntil(Deadline deadline) {
            if (deadline.remainingNanos() > latest.remainingNanos()) {
                latest = deadline;
            }
        }
    }

    /**
     * Hands in an input without waiting for it, so that several of one request share a run.
     *
     * @throws RequestException (unavailable) if too many wait already, or after {@link #close}
     */
    Embedding submit(I input, Deadline deadline) {
        lock.lock();
        try {
            if (closed) {
                throw stopping();
            }
            Waiting<I> entry = pending.get(input);
            if (entry == null) {
                entry = admitted(input, deadline);
            } else {
                entry.wantedUntil(deadline);
            }
            CompletableFuture<float[]> embedding = entry.embedding;
            return () -> await(embedding, deadline);
        } finally {
            lock.unlock();
        }
    }

    private Waiting<I> admitted(I input, Deadline deadline) {
        if (waiting.size() >= maxWaiting) {
            dropLate();
        }
        if (waiting.size() >= maxWaiting) {
            throw RequestException.of(Problem.UNAVAILABLE, "%d %s wait for the model already", waiting.size(), inputs);
        }
        Waiting<I> entry = new Waiting<>(input, deadline);
        pending.put(input, entry);
        waiting.add(entry);
        changed.signal();
        return entry;
    }

    private float[] await(CompletableFuture<float[]> embedding, Deadline deadline) {
        try {
            return embedding.get(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw late();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw stopping();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            }
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot encode " + inputs, e.getCause());
        }
    }

    private void runAll() {
        for (List<Waiting<I>> batch = next(); !batch.isEmpty(); batch = next()) {
            metrics.begun(batch.stream().mapToLong(entry -> entry.sinceNanos).toArray());
            run(batch);
        }
    }

    /** What the next run encodes, once there is something; nothing after {@link #close}. */
    private List<Waiting<I>> next() {
        lock.lock();
        try {
            while (!closed) {
                dropLate();
                if (!waiting.isEmpty()) {
                    List<Waiting<I>> batch = new ArrayList<>();
                    while (batch.size() < maxBatch && !waiting.isEmpty()) {
                        batch.add(waiting.remove());
                    }
                    return batch;
                }
                changed.awaitUninterruptibly();
            }
            return List.of();
        } finally {
            lock.unlock();
        }
    }

    private void dropLate() {
        waiting.removeIf(entry -> {
            if (!entry.latest.hasPassed()) {
                return false;
            }
            pending.remove(entry.input);
            entry.embedding.completeExceptionally(late());
            return true;
        });
    }

    private void run(List<Waiting<I>> batch) {
        try {
            float[] embeddings =
                    model.encode(batch.stream().map(entry -> entry.input).toList());
            for (int i = 0; i < batch.size(); i++) {
                float[] one = Arrays.copyOfRange(embeddings, i * dimension, (i + 1) * dimension);
                settled(batch.get(i)).complete(one);
            }
        } catch (RuntimeException e) {
            if (batch.size() > 1) {
                batch.forEach(entry -> run(List.of(entry)));
            } else {
                settled(batch.get(0)).completeExceptionally(e);
            }
        } catch (Error e) {
            // Whoever waits learns of it; the next run may have better luck.
            batch.forEach(entry -> settled(entry).completeExceptionally(e));
        }
    }

    private CompletableFuture<float[]> settled(Waiting<I> entry) {
        lock.lock();
        try {
            pending.remove(entry.input);
            return entry.embedding;
        } finally {
            lock.unlock();
        }
    }

    /** Inputs that wait for a run. */
    int waiting() {
        lock.lock();
        try {
            return waiting.size();
        } finally {
            lock.unlock();
        }
    }

    private RequestException late() {
        return RequestException.of(
                Problem.DEADLINE_EXCEEDED, "no time was left for encoding: other %s were encoded until then", inputs);
    }

    private static RequestException stopping() {
        return RequestException.of(Problem.UNAVAILABLE, "the server is stopping");
    }

    /** Refuses what waits and returns when the run under way has ended, so that its model can be closed. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (Waiting<I> entry : waiting) {
                pending.remove(entry.input);
                entry.embedding.completeExceptionally(stopping());
            }
            waiting.clear();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        try {
            runner.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
