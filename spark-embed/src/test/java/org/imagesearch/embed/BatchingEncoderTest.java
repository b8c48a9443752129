package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchingEncoderTest {
    private static final int PIXEL_BYTES = 4;
    private static final long LONG = TimeUnit.SECONDS.toNanos(50);

    @Test
    void manyThreadsEachGetTheEmbeddingOfTheirOwnPicture() throws Exception {
        ConcurrentLinkedQueue<Integer> sizes = new ConcurrentLinkedQueue<>();
        BatchingEncoder encoder = encoder(16, 100_000, (pixels, n) -> {
            sizes.add(n);
            return echo(pixels, n);
        });
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<?>> tasks = new ArrayList<>();
            for (int task = 0; task < 8; task++) {
                int first = 1_000 * task;
                tasks.add(threads.submit(() -> {
                    List<CompletableFuture<float[]>> embeddings = new ArrayList<>();
                    for (int i = 0; i < 200; i++) {
                        embeddings.add(encoder.submit(picture(first + i)));
                    }
                    for (int i = 0; i < 200; i++) {
                        assertThat(embeddings.get(i).get()).containsExactly(first + i, -(first + i));
                    }
                    return null;
                }));
            }
            for (Future<?> task : tasks) {
                task.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(sizes).allMatch(n -> n >= 1 && n <= 16);
        assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(1_600);
    }

    @Test
    void fullBatchDoesNotWaitForTheLingerTime() throws Exception {
        BatchingEncoder encoder = encoder(2, LONG, BatchingEncoderTest::echo);
        CompletableFuture<float[]> first = encoder.submit(picture(1));
        CompletableFuture<float[]> second = encoder.submit(picture(2));
        assertThat(first.get(20, TimeUnit.SECONDS)).containsExactly(1, -1);
        assertThat(second.get(20, TimeUnit.SECONDS)).containsExactly(2, -2);
    }

    @Test
    void lonelyPictureIsEncodedOnceTheLingerTimeIsOver() throws Exception {
        BatchingEncoder encoder = encoder(32, 1_000, BatchingEncoderTest::echo);
        assertThat(encoder.submit(picture(3)).get(20, TimeUnit.SECONDS)).containsExactly(3, -3);
    }

    @Test
    void failureOfARunReachesEveryPictureOfItAndTheNextRunGoesOn() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        BatchingEncoder encoder = encoder(2, LONG, (pixels, n) -> {
            if (runs.getAndIncrement() == 0) {
                throw new OutOfMemoryError("of the device");
            }
            return echo(pixels, n);
        });
        List<CompletableFuture<float[]>> embeddings = submit(encoder, 1, 2, 3, 4);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(embeddings.get(i)::get).hasRootCauseMessage("of the device");
        }
        assertThat(embeddings.get(2).get()).containsExactly(3, -3);
        assertThat(embeddings.get(3).get()).containsExactly(4, -4);
    }

    @Test
    void pictureWithoutAUnitVectorFailsAlone() throws Exception {
        BatchingEncoder encoder = encoder(4, LONG, (pixels, n) -> {
            for (int i = 0; i < n; i++) {
                if (pixels.getInt(i * PIXEL_BYTES) == 13) {
                    throw ImageSearchException.data("gave an embedding of length NaN");
                }
            }
            return echo(pixels, n);
        });
        List<CompletableFuture<float[]>> embeddings = submit(encoder, 11, 12, 13, 14);
        assertThat(embeddings.get(0).get()).containsExactly(11, -11);
        assertThat(embeddings.get(1).get()).containsExactly(12, -12);
        assertThatThrownBy(embeddings.get(2)::get).hasRootCauseMessage("gave an embedding of length NaN");
        assertThat(embeddings.get(3).get()).containsExactly(14, -14);
    }

    @Test
    void submittingWaitsWhileEveryBufferIsFull() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        BatchingEncoder encoder = encoder(1, 0, (pixels, n) -> {
            running.countDown();
            awaitQuietly(release);
            return echo(pixels, n);
        });
        List<CompletableFuture<float[]>> embeddings = submit(encoder, 0);
        running.await();
        // One is in the run, and there are two buffers more.
        embeddings.addAll(submit(encoder, 1, 2));
        CompletableFuture<float[]> fourth =
                CompletableFuture.supplyAsync(() -> submit(encoder, 3).get(0).join());
        // It cannot be accepted before the model moves on, whenever one looks.
        assertThat(fourth.isDone()).isFalse();
        release.countDown();
        assertThat(fourth.get()).containsExactly(3, -3);
        assertThat(embeddings).allMatch(embedding -> embedding.join() != null);
    }

    @Test
    void secondRunBeginsBeforeTheFirstHasEnded() throws Exception {
        CountDownLatch bothRun = new CountDownLatch(2);
        BatchingEncoder encoder = new BatchingEncoder(1, PIXEL_BYTES, 2, 0, 2, System::nanoTime, (pixels, n) -> {
            bothRun.countDown();
            awaitQuietly(bothRun);
            return echo(pixels, n);
        });
        List<CompletableFuture<float[]>> embeddings = submit(encoder, 1, 2);
        assertThat(embeddings.get(0).get()).containsExactly(1, -1);
        assertThat(embeddings.get(1).get()).containsExactly(2, -2);
    }

    @Test
    void runThatDoesNotEndIsTimed() throws Exception {
        AtomicLong clock = new AtomicLong();
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        BatchingEncoder encoder = new BatchingEncoder(1, PIXEL_BYTES, 2, 0, 1, clock::get, (pixels, n) -> {
            running.countDown();
            awaitQuietly(release);
            return echo(pixels, n);
        });
        assertThat(encoder.longestRun()).isZero();
        CompletableFuture<float[]> embedding = submit(encoder, 1).get(0);
        running.await();
        clock.addAndGet(TimeUnit.SECONDS.toNanos(7));
        assertThat(encoder.longestRun()).isEqualTo(Duration.ofSeconds(7));
        release.countDown();
        assertThat(embedding.get()).containsExactly(1, -1);
    }

    private static BatchingEncoder encoder(int maxBatch, long lingerNanos, BatchingEncoder.Run model) {
        return new BatchingEncoder(maxBatch, PIXEL_BYTES, 2, lingerNanos, 1, System::nanoTime, model);
    }

    private static List<CompletableFuture<float[]>> submit(BatchingEncoder encoder, int... numbers) {
        List<CompletableFuture<float[]>> embeddings = new ArrayList<>();
        try {
            for (int number : numbers) {
                embeddings.add(encoder.submit(picture(number)));
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return embeddings;
    }

    private static ByteBuffer picture(int number) {
        return ByteBuffer.allocate(PIXEL_BYTES).putInt(number);
    }

    /** A model that gives the number in a picture and its negative. */
    private static float[] echo(ByteBuffer pixels, int n) {
        float[] embeddings = new float[2 * n];
        for (int i = 0; i < n; i++) {
            int number = pixels.getInt(i * PIXEL_BYTES);
            embeddings[2 * i] = number;
            embeddings[2 * i + 1] = -number;
        }
        return embeddings;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
