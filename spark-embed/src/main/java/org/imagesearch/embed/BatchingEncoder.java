package org.imagesearch.embed;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * One image encoder for all tasks of an executor: pictures are handed in one by one, the model runs on batches.
 *
 * <p>A square is copied once, into the batch that is being filled, whose buffer is what the model reads. There are two buffers
 * more than runs at once: one is filled, and one lies ready, so that neither side waits for the other's hiccups. Whoever hands
 * in a picture waits while all are full, which is what slows decoding down to the speed of the model.
 *
 * <p>A run begins with a full batch, or with what there is once its first picture has waited for the linger time. A run that
 * fails is an error of every picture in it, except where the model gives no unit vector for one of them: then each is tried
 * alone, and that one only fails. Thread-safe.
 */
final class BatchingEncoder implements AutoCloseable {
    /** A run of the model. */
    interface Run {
        /** As {@link ImageEncoder#encode}. */
        float[] encode(ByteBuffer pixels, int n);
    }

    private final int maxBatch;
    private final int pixelBytes;
    private final int dimension;
    private final long lingerNanos;
    private final Run model;
    private final LongSupplier nanoTime;
    private final List<Thread> runners = new ArrayList<>();
    private final Set<Batch> running = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrived = lock.newCondition();
    private final Condition freed = lock.newCondition();
    private final Queue<Batch> free = new ArrayDeque<>();
    private final Queue<Batch> full = new ArrayDeque<>();
    private Batch filling;

    /**
     * Starts the threads that run a model.
     *
     * @param maxBatch pictures in a run at most
     * @param pixelBytes bytes of a picture's square
     * @param dimension floats per embedding
     * @param runs of the model at once
     */
    BatchingEncoder(
            int maxBatch, int pixelBytes, int dimension, long lingerNanos, int runs, LongSupplier nanoTime, Run model) {
        this.maxBatch = maxBatch;
        this.pixelBytes = pixelBytes;
        this.dimension = dimension;
        this.lingerNanos = lingerNanos;
        this.nanoTime = nanoTime;
        this.model = model;
        for (int i = 0; i < buffers(runs); i++) {
            free.add(new Batch(ByteBuffer.allocateDirect(maxBatch * pixelBytes)));
        }
        for (int i = 1; i <= runs; i++) {
            Thread runner = new Thread(this::run, "embed-model-" + i);
            runner.setDaemon(true);
            runner.start();
            runners.add(runner);
        }
    }

    /** Batches that are filled, ready or in a run. */
    static int buffers(int runs) {
        return runs + 2;
    }

    private static final class Batch {
        private final ByteBuffer pixels;
        private final List<CompletableFuture<float[]>> embeddings = new ArrayList<>();
        private long startedNanos;

        Batch(ByteBuffer pixels) {
            this.pixels = pixels;
        }
    }

    /** Bytes of one square. */
    int pixelBytes() {
        return pixelBytes;
    }

    /**
     * Hands in a picture, waiting while every buffer is full.
     *
     * @param square uint8 [size, size, 3], the first bytes of the buffer; copied. Position and limit are left alone
     */
    CompletableFuture<float[]> submit(ByteBuffer square) throws InterruptedException {
        CompletableFuture<float[]> embedding = new CompletableFuture<>();
        lock.lockInterruptibly();
        try {
            while (filling == null) {
                filling = free.poll();
                if (filling == null) {
                    freed.await();
                }
            }
            // Under the lock: a square takes some microseconds, decoding it hundreds.
            filling.pixels.put(filling.embeddings.size() * pixelBytes, square, 0, pixelBytes);
            filling.embeddings.add(embedding);
            if (filling.embeddings.size() == maxBatch) {
                full.add(filling);
                filling = null;
            }
            arrived.signal();
            return embedding;
        } finally {
            lock.unlock();
        }
    }

    private void run() {
        try {
            while (true) {
                Batch batch = take();
                batch.startedNanos = nanoTime.getAsLong();
                running.add(batch);
                encode(batch.pixels, batch.embeddings);
                running.remove(batch);
                recycle(batch);
            }
        } catch (InterruptedException e) {
            // Closed.
        }
    }

    private Batch take() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            long lingering = lingerNanos;
            while (full.isEmpty()) {
                if (filling == null) {
                    arrived.await();
                    lingering = lingerNanos;
                } else if (lingering > 0) {
                    lingering = arrived.awaitNanos(lingering);
                } else {
                    Batch part = filling;
                    filling = null;
                    return part;
                }
            }
            return full.remove();
        } finally {
            lock.unlock();
        }
    }

    private void recycle(Batch batch) {
        lock.lock();
        try {
            batch.embeddings.clear();
            free.add(batch);
            freed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void encode(ByteBuffer pixels, List<CompletableFuture<float[]>> waiting) {
        try {
            float[] embeddings = model.encode(pixels, waiting.size());
            for (int i = 0; i < waiting.size(); i++) {
                waiting.get(i).complete(Arrays.copyOfRange(embeddings, i * dimension, (i + 1) * dimension));
            }
        } catch (RuntimeException | Error e) {
            boolean oneIsToBlame = e instanceof ImageSearchException known && known.code() == ErrorCode.DATA;
            if (oneIsToBlame && waiting.size() > 1) {
                for (int i = 0; i < waiting.size(); i++) {
                    encode(pixels.slice(i * pixelBytes, pixelBytes), List.of(waiting.get(i)));
                }
            } else {
                waiting.forEach(embedding -> embedding.completeExceptionally(e));
            }
        }
    }

    /** How long the longest run under way has been going on, 0 if there is none. */
    Duration longestRun() {
        long now = nanoTime.getAsLong();
        return Duration.ofNanos(running.stream()
                .mapToLong(batch -> now - batch.startedNanos)
                .max()
                .orElse(0));
    }

    /** Ends the threads once the run of each is over. */
    @Override
    public void close() {
        runners.forEach(Thread::interrupt);
    }
}
