package org.imagesearch.embed;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * One image encoder for all tasks of an executor: tasks hand in single pictures, the model runs on batches.
 *
 * <p>A run begins with the first picture and takes what arrives within the linger time, up to a full batch. The queue holds two
 * batches; beyond that a task waits, which is what slows decoding down to the speed of the model. A run that fails is an error of
 * every picture in it, except where the model gives no unit vector for one of them: then each is tried alone, and that one only
 * fails. Thread-safe; lives as long as its executor.
 */
final class BatchingEncoder {
    private record Item(byte[] pixels, CompletableFuture<float[]> embedding) {}

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
    private final BlockingQueue<Item> queue;
    private final ByteBuffer pixels;

    BatchingEncoder(int maxBatch, int pixelBytes, int dimension, long lingerNanos, Run model) {
        this.maxBatch = maxBatch;
        this.pixelBytes = pixelBytes;
        this.dimension = dimension;
        this.lingerNanos = lingerNanos;
        this.model = model;
        this.queue = new ArrayBlockingQueue<>(2 * maxBatch);
        this.pixels = ByteBuffer.allocateDirect(maxBatch * pixelBytes);
        Thread runner = new Thread(this::run, "embed-model");
        runner.setDaemon(true);
        runner.start();
    }

    /** Takes over the encoder. */
    static BatchingEncoder over(ImageEncoder encoder, long lingerNanos) {
        return new BatchingEncoder(
                encoder.maxBatch(), encoder.pixelBytes(), encoder.dimension(), lingerNanos, encoder::encode);
    }

    /**
     * Hands in a picture, waiting while the queue is full.
     *
     * @param picture uint8 [size, size, 3]
     * @throws ImageSearchException (internal) if it has another size, which would spoil the pictures beside it
     */
    CompletableFuture<float[]> submit(byte[] picture) throws InterruptedException {
        if (picture.length != pixelBytes) {
            throw new ImageSearchException(
                    ErrorCode.INTERNAL, "a picture of " + picture.length + " bytes, expected " + pixelBytes);
        }
        CompletableFuture<float[]> embedding = new CompletableFuture<>();
        queue.put(new Item(picture, embedding));
        return embedding;
    }

    private void run() {
        List<Item> batch = new ArrayList<>(maxBatch);
        while (true) {
            try {
                gather(batch);
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts this thread", e);
            }
            encode(batch);
            batch.clear();
        }
    }

    private void gather(List<Item> batch) throws InterruptedException {
        batch.add(queue.take());
        long deadline = System.nanoTime() + lingerNanos;
        while (batch.size() < maxBatch) {
            Item next = queue.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == null) {
                return;
            }
            batch.add(next);
        }
    }

    private void encode(List<Item> batch) {
        try {
            encodeTogether(batch);
        } catch (RuntimeException | Error e) {
            boolean oneIsToBlame = e instanceof ImageSearchException known && known.code() == ErrorCode.DATA;
            if (oneIsToBlame && batch.size() > 1) {
                batch.forEach(item -> encode(List.of(item)));
            } else {
                batch.forEach(item -> item.embedding.completeExceptionally(e));
            }
        }
    }

    private void encodeTogether(List<Item> batch) {
        pixels.clear();
        batch.forEach(item -> pixels.put(item.pixels));
        float[] embeddings = model.encode(pixels, batch.size());
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).embedding.complete(Arrays.copyOfRange(embeddings, i * dimension, (i + 1) * dimension));
        }
    }
}
