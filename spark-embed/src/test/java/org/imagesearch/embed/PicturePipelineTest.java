package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.imagesearch.clip.PictureSize;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The clock stands still unless a test moves it, and whatever hangs hangs at a latch. */
@Timeout(60)
class PicturePipelineTest {
    private static final int PIXEL_BYTES = 4;
    private static final Duration DEADLINE = Duration.ofSeconds(60);
    private static final Duration MODEL_DEADLINE = Duration.ofMinutes(10);

    private final AtomicLong clock = new AtomicLong();
    private final CountDownLatch never = new CountDownLatch(1);
    private final List<PicturePipeline> opened = new ArrayList<>();

    /** The number in the file becomes the square, the embedding and the width. */
    private PicturePipeline.Squares squares = new NumberSquares();

    private BatchingEncoder.Run model = PicturePipelineTest::echo;

    @AfterEach
    void close() {
        never.countDown();
        opened.forEach(PicturePipeline::close);
    }

    @Test
    void everyPictureGetsItsOwnEmbedding() throws Exception {
        PicturePipeline pipeline = pipeline(4, 3, 64);
        try (PicturePipeline.Share task = pipeline.share()) {
            List<PictureOnItsWay> pictures = new ArrayList<>();
            for (int i = 1; i <= 64; i++) {
                pictures.add(submit(task, new Numbered(i)));
            }
            for (int i = 1; i <= 64; i++) {
                PictureOutcome.Embedded embedded = (PictureOutcome.Embedded) outcome(pictures.get(i - 1));
                assertThat(embedded.embedding()).containsExactly(i);
                assertThat(List.of(embedded.width(), embedded.height())).containsExactly(i, 1);
                assertThat(embedded.caption()).isEqualTo("number " + i);
            }
        }
        assertEmpty(pipeline);
    }

    @Test
    void manyAreReadAtOnceAndAllDecodersWorkForOneTask() throws Exception {
        CyclicBarrier readers = new CyclicBarrier(4);
        CyclicBarrier decoders = new CyclicBarrier(3);
        squares = new NumberSquares() {
            @Override
            public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
                meet(decoders);
                return super.prepare(file, out, at);
            }
        };
        PicturePipeline pipeline = pipeline(4, 3, 64);
        try (PicturePipeline.Share task = pipeline.share()) {
            List<PictureOnItsWay> pictures = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                pictures.add(submit(task, new Numbered(i) {
                    @Override
                    public byte[] bytes(Memory memory) throws IOException {
                        meet(readers);
                        return super.bytes(memory);
                    }
                }));
            }
            for (PictureOnItsWay picture : pictures) {
                assertThat(outcome(picture)).isInstanceOf(PictureOutcome.Embedded.class);
            }
        }
    }

    @Test
    void nextPicturesAreDecodedWhileTheModelRuns() throws Exception {
        CountDownLatch decoded = new CountDownLatch(2);
        squares = new NumberSquares() {
            @Override
            public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
                decoded.countDown();
                return super.prepare(file, out, at);
            }
        };
        model = (pixels, n) -> {
            await(decoded);
            return echo(pixels, n);
        };
        try (PicturePipeline.Share task = pipeline(1, 1, 8).share()) {
            PictureOnItsWay first = submit(task, new Numbered(1));
            submit(task, new Numbered(2));
            assertThat(outcome(first)).isInstanceOf(PictureOutcome.Embedded.class);
        }
    }

    @Test
    void thereAreNoMorePicturesOnTheirWayThanPlaces() throws Exception {
        Semaphore runs = new Semaphore(0);
        model = (pixels, n) -> {
            runs.acquireUninterruptibly();
            return echo(pixels, n);
        };
        PicturePipeline pipeline = pipeline(1, 1, 3);
        try (PicturePipeline.Share task = pipeline.share()) {
            PictureOnItsWay first = submit(task, new Numbered(1));
            submit(task, new Numbered(2));
            submit(task, new Numbered(3));
            assertThat(task.submit(new Numbered(4), 0)).isEmpty();
            assertThat(pipeline.present()).isEqualTo(3);
            runs.release();
            outcome(first);
            assertThat(task.submit(new Numbered(4), TimeUnit.SECONDS.toMillis(50)))
                    .isPresent();
            runs.release(3);
        }
    }

    @Test
    void tasksShareThePlacesEqually() {
        PicturePipeline pipeline = pipeline(1, 1, 12);
        PicturePipeline.Share one = pipeline.share();
        assertThat(one.size()).isEqualTo(12);
        PicturePipeline.Share two = pipeline.share();
        assertThat(one.size()).isEqualTo(6);
        two.close();
        two.close();
        assertThat(one.size()).isEqualTo(12);
        one.close();
    }

    @Test
    void filesWaitForMemoryBeforeTheyAreAllocated() throws Exception {
        CountDownLatch decode = new CountDownLatch(1);
        CountDownLatch decoding = new CountDownLatch(1);
        squares = new NumberSquares() {
            @Override
            public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
                decoding.countDown();
                PicturePipelineTest.await(decode);
                return super.prepare(file, out, at);
            }
        };
        PicturePipeline pipeline = pipeline(2, 1, 8);
        try (PicturePipeline.Share task = pipeline.share()) {
            CountDownLatch asked = new CountDownLatch(1);
            AtomicInteger allowed = new AtomicInteger();
            PictureOnItsWay first = submit(task, new Numbered(1, 12_000));
            decoding.await();
            PictureOnItsWay second = submit(task, new Numbered(2, 12_000) {
                @Override
                public byte[] bytes(Memory memory) throws IOException {
                    asked.countDown();
                    byte[] bytes = super.bytes(memory);
                    allowed.incrementAndGet();
                    return bytes;
                }
            });
            asked.await();
            assertThat(pipeline.fileBytes()).isEqualTo(12_288);
            assertThat(allowed).hasValue(0);
            // However long it waits for its turn, it is not late.
            clock.addAndGet(DEADLINE.toNanos() / 2);
            pipeline.check();
            decode.countDown();
            assertThat(outcome(first)).isInstanceOf(PictureOutcome.Embedded.class);
            assertThat(outcome(second)).isInstanceOf(PictureOutcome.Embedded.class);
        }
        assertThat(pipeline.fileBytes()).isZero();
    }

    @Test
    void readingThatHangsIsInterruptedAndTheThreadGoesOn() throws Exception {
        PicturePipeline pipeline = pipeline(1, 1, 8);
        CountDownLatch reading = new CountDownLatch(1);
        try (PicturePipeline.Share task = pipeline.share()) {
            PictureOnItsWay hanging = submit(task, new Numbered(1) {
                @Override
                public byte[] bytes(Memory memory) throws IOException {
                    reading.countDown();
                    try {
                        never.await();
                    } catch (InterruptedException e) {
                        throw new InterruptedIOException("interrupted");
                    }
                    return new byte[0];
                }
            });
            PictureOnItsWay next = submit(task, new Numbered(2));
            reading.await();
            clock.addAndGet(DEADLINE.toNanos());
            pipeline.check();
            assertThat(hanging.outcome()).isNotDone();
            clock.incrementAndGet();
            pipeline.check();
            assertThat(outcome(hanging))
                    .isEqualTo(new PictureOutcome.Failed(Stage.READ, "timeout", "not done within 60000 ms"));
            assertThat(outcome(next)).isInstanceOf(PictureOutcome.Embedded.class);
            assertThat(pipeline.givenUp()).isZero();
        }
        assertEmpty(pipeline);
    }

    @Test
    void decodingThatHangsInNativeCodeLosesItsThreadWhichIsReplacedUntilItComesBack() throws Exception {
        CountDownLatch decoding = new CountDownLatch(1);
        CountDownLatch back = new CountDownLatch(1);
        squares = hangingAt(1, decoding, back);
        PicturePipeline pipeline = pipeline(1, 1, 8);
        try (PicturePipeline.Share task = pipeline.share()) {
            PictureOnItsWay hanging = submit(task, new Numbered(1));
            PictureOnItsWay next = submit(task, new Numbered(2));
            decoding.await();
            clock.addAndGet(DEADLINE.toNanos() + 1);
            pipeline.check();
            assertThat(outcome(hanging))
                    .isEqualTo(new PictureOutcome.Failed(Stage.DECODE, "timeout", "not done within 60000 ms"));
            assertThat(pipeline.givenUp()).isZero();
            clock.addAndGet(StageThreads.GRACE.toNanos());
            pipeline.check();
            assertThat(pipeline.givenUp()).isEqualTo(1);
            assertThat(outcome(next)).isInstanceOf(PictureOutcome.Embedded.class);
            back.countDown();
            until(() -> pipeline.givenUp() == 0);
            assertThat(outcome(submit(task, new Numbered(3)))).isInstanceOf(PictureOutcome.Embedded.class);
        }
        assertEmpty(pipeline);
    }

    @Test
    void tooManyHangingThreadsFailWhatIsOnItsWayAndWhatComes() throws Exception {
        CountDownLatch decoding = new CountDownLatch(2);
        squares = hangingAt(-1, decoding, never);
        PicturePipeline pipeline = pipeline(2, 1, 8);
        try (PicturePipeline.Share task = pipeline.share()) {
            for (int i = 0; i < 3; i++) {
                submit(task, new Numbered(i));
            }
            PictureOnItsWay last = submit(task, new Numbered(9));
            for (int hung = 1; hung <= 2; hung++) {
                int started = 2 - hung;
                until(() -> decoding.getCount() <= started);
                clock.addAndGet(DEADLINE.toNanos() + 1);
                pipeline.check();
                clock.addAndGet(StageThreads.GRACE.toNanos());
                pipeline.check();
            }
            assertThatThrownBy(() -> last.outcome().get())
                    .cause()
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.RESOURCE))
                    .hasMessageContaining("2 threads hang at stage decode");
            assertThatThrownBy(() -> task.submit(new Numbered(10), 0)).hasMessageContaining("2 threads hang");
        }
    }

    @Test
    void modelThatDoesNotAnswerFailsWhatIsOnItsWayAndWhatComes() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        model = (pixels, n) -> {
            running.countDown();
            await(never);
            return echo(pixels, n);
        };
        PicturePipeline pipeline = pipeline(1, 1, 8);
        try (PicturePipeline.Share task = pipeline.share()) {
            PictureOnItsWay picture = submit(task, new Numbered(1));
            running.await();
            clock.addAndGet(MODEL_DEADLINE.toNanos() + 1);
            pipeline.check();
            assertThatThrownBy(() -> picture.outcome().get())
                    .hasMessageContaining("the model has not answered for 600 s");
            assertThatThrownBy(() -> task.submit(new Numbered(2), 0)).hasMessageContaining("not answered");
        }
    }

    @Test
    void closedShareLeavesNothingBehindAndOthersGoOn() throws Exception {
        CountDownLatch reading = new CountDownLatch(2);
        PicturePipeline pipeline = pipeline(2, 1, 8);
        try (PicturePipeline.Share other = pipeline.share()) {
            PicturePipeline.Share killed = pipeline.share();
            List<PictureOnItsWay> pictures = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                pictures.add(submit(killed, new Numbered(i) {
                    @Override
                    public byte[] bytes(Memory memory) throws IOException {
                        memory.require(5_000);
                        reading.countDown();
                        try {
                            never.await();
                        } catch (InterruptedException e) {
                            throw new InterruptedIOException("interrupted");
                        }
                        return new byte[0];
                    }
                }));
            }
            PictureOnItsWay kept = submit(other, new Numbered(77));
            reading.await();
            killed.close();
            assertThat(pictures).allMatch(picture -> picture.outcome().isCancelled());
            assertThat(outcome(kept)).isInstanceOf(PictureOutcome.Embedded.class);
        }
        assertEmpty(pipeline);
    }

    @Test
    void whatTheHostLacksIsNoFailureOfThePicture() throws Exception {
        endsTheTask(() -> {
            throw new OutOfMemoryError("no heap");
        });
        endsTheTask(() -> {
            throw ImageSearchException.resource("no heap");
        });
    }

    private void endsTheTask(Runnable decoding) throws Exception {
        squares = new NumberSquares() {
            @Override
            public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
                decoding.run();
                return super.prepare(file, out, at);
            }
        };
        PicturePipeline pipeline = pipeline(1, 1, 8);
        try (PicturePipeline.Share task = pipeline.share()) {
            assertThatThrownBy(() -> submit(task, new Numbered(1)).outcome().get())
                    .hasRootCauseMessage("no heap");
        }
        assertEmpty(pipeline);
    }

    private PicturePipeline pipeline(int readers, int decoders, int pictures) {
        BatchingEncoder encoder = new BatchingEncoder(1, PIXEL_BYTES, 1, 0, 1, clock::get, model);
        PicturePipeline pipeline = new PicturePipeline(
                new PicturePipeline.Limits(readers, decoders, pictures, 16_384, 16_384, DEADLINE, MODEL_DEADLINE),
                squares,
                encoder,
                new PipelineCounts(),
                clock::get);
        opened.add(pipeline);
        return pipeline;
    }

    private static PictureOnItsWay submit(PicturePipeline.Share task, PictureSource source)
            throws InterruptedException {
        Optional<PictureOnItsWay> picture = task.submit(source, TimeUnit.SECONDS.toMillis(50));
        return picture.orElseThrow();
    }

    private static PictureOutcome outcome(PictureOnItsWay picture) throws Exception {
        return picture.outcome().get(50, TimeUnit.SECONDS);
    }

    /** What is over leaves a moment later, on a thread of the pipeline. */
    private static void assertEmpty(PicturePipeline pipeline) {
        until(() -> pipeline.present() == 0);
        assertThat(pipeline.fileBytes()).isZero();
    }

    private static void until(java.util.function.BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            Thread.onSpinWait();
        }
    }

    private static class Numbered implements PictureSource {
        private final int number;
        private final int bytes;

        Numbered(int number) {
            this(number, 4);
        }

        Numbered(int number, int bytes) {
            this.number = number;
            this.bytes = bytes;
        }

        @Override
        public String name() {
            return "number-" + number;
        }

        @Override
        public byte[] bytes(Memory memory) throws IOException {
            memory.require(bytes);
            return ByteBuffer.allocate(bytes).putInt(number).array();
        }

        @Override
        public String caption() {
            return "number " + number;
        }
    }

    private static class NumberSquares implements PicturePipeline.Squares {
        @Override
        public long claimedPixels(byte[] file) {
            return 1;
        }

        @Override
        public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
            int number = ByteBuffer.wrap(file).getInt();
            out.putInt(at, number);
            return new PictureSize(Math.max(1, number), 1);
        }
    }

    /** Hangs at one number, or at every one, and heeds no interruption. */
    private static PicturePipeline.Squares hangingAt(int number, CountDownLatch decoding, CountDownLatch back) {
        return new NumberSquares() {
            @Override
            public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
                if (number < 0 || ByteBuffer.wrap(file).getInt() == number) {
                    decoding.countDown();
                    await(back);
                }
                return super.prepare(file, out, at);
            }
        };
    }

    private static float[] echo(ByteBuffer pixels, int n) {
        float[] embeddings = new float[n];
        for (int i = 0; i < n; i++) {
            embeddings[i] = pixels.getInt(i * PIXEL_BYTES);
        }
        return embeddings;
    }

    /** As native code does it. */
    private static void await(CountDownLatch latch) {
        CompletableFuture<Void> passed = new CompletableFuture<>();
        Thread waiter = new Thread(() -> {
            try {
                latch.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            passed.complete(null);
        });
        waiter.setDaemon(true);
        waiter.start();
        passed.join();
    }

    private static void meet(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
