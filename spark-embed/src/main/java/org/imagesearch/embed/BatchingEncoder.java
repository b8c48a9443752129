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

/**
 * One image encoder for all tasks of an executor: tasks hand in single pictures, the model runs on batches.
 *
 * <p>A run begins with the first picture and takes what arrives within the linger time, up to a full batch. The queue holds two
 * batches; beyond that a task waits, which is what slows decoding down to the speed of the model. Thread-safe; lives as long as its
 * executor.
 */
final class BatchingEncoder {
    private record Item(byte[] pixels, CompletableFuture<float[]> embedding) {}

    private final ImageEncoder encoder;
    private final long lingerNanos;
    private final BlockingQueue<Item> queue;
    private final ByteBuffer pixels;

    /** Takes over the encoder. */
    BatchingEncoder(ImageEncoder encoder, long lingerNanos) {
        this.encoder = encoder;
        this.lingerNanos = lingerNanos;
        this.queue = new ArrayBlockingQueue<>(2 * encoder.maxBatch());
        this.pixels = ByteBuffer.allocateDirect(encoder.maxBatch() * encoder.pixelBytes());
        Thread runner = new Thread(this::run, "embed-model");
        runner.setDaemon(true);
        runner.start();
    }

    /**
     * Hands in a picture, waiting while the queue is full.
     *
     * @param picture uint8 [size, size, 3]
     */
    CompletableFuture<float[]> submit(byte[] picture) throws InterruptedException {
        CompletableFuture<float[]> embedding = new CompletableFuture<>();
        queue.put(new Item(picture, embedding));
        return embedding;
    }

    private void run() {
        List<Item> batch = new ArrayList<>(encoder.maxBatch());
        while (true) {
            try {
                gather(batch);
                encode(batch);
            } catch (InterruptedException e) {
                throw new IllegalStateException("nobody interrupts this thread", e);
            } catch (RuntimeException | Error e) {
                batch.forEach(item -> item.embedding.completeExceptionally(e));
            }
            batch.clear();
        }
    }

    private void gather(List<Item> batch) throws InterruptedException {
        batch.add(queue.take());
        long deadline = System.nanoTime() + lingerNanos;
        while (batch.size() < encoder.maxBatch()) {
            Item next = queue.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (next == null) {
                return;
            }
            batch.add(next);
        }
    }

    private void encode(List<Item> batch) {
        pixels.clear();
        batch.forEach(item -> pixels.put(item.pixels));
        float[] embeddings = encoder.encode(pixels, batch.size());
        int dimension = encoder.dimension();
        for (int i = 0; i < batch.size(); i++) {
            batch.get(i).embedding.complete(Arrays.copyOfRange(embeddings, i * dimension, (i + 1) * dimension));
        }
    }
}
