package org.imagesearch.embed;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.imagesearch.clip.PictureSize;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.PipelineCounts.Count;

/**
 * From listed pictures to embeddings, in stages that overlap, one pipeline for all tasks of an executor: read (many threads,
 * for a store answers late) → decode and resize (a thread per processor) → fill a batch → run the model ({@link
 * BatchingEncoder}). So every processor decodes however few tasks there are, and the model meets full batches.
 *
 * <p>Everything is bounded: the pictures on their way, which tasks share equally; the bytes of files that were read and not
 * decoded; the bytes of pictures being decoded. A stage that is slower than the one before makes it wait, back to the task
 * that hands pictures in. A picture that is late at reading or decoding fails; a model that does not answer, or too many
 * threads that hang, fail everything that is on its way and whatever comes. Thread-safe; lives as long as its executor.
 */
final class PicturePipeline implements AutoCloseable {
    /** A decoded picture lies in memory twice while its colours are put in order: 3 bytes per pixel each. */
    private static final int DECODED_BYTES_PER_PIXEL = 6;

    private static final int CHECKS_PER_DEADLINE = 20;
    private static final long MAX_CHECK_NANOS = TimeUnit.SECONDS.toNanos(1);

    /**
     * How wide the stages are.
     *
     * @param readers threads that read
     * @param decoders threads that decode
     * @param pictures on their way at most
     * @param fileBytes of files that were read and are not decoded yet, at most
     * @param decodedBytes of pictures being decoded, at most
     * @param deadline of a picture's reading and decoding, without the time that it waits for its turn
     * @param modelDeadline of one run of the model
     */
    record Limits(
            int readers,
            int decoders,
            int pictures,
            long fileBytes,
            long decodedBytes,
            Duration deadline,
            Duration modelDeadline) {
        /** A camera's 12 megapixels for each thread, and at least one picture of 80 megapixels. */
        static long decodedBytes(int decoders) {
            return Math.max(512L << 20, decoders * (80L << 20));
        }

        /** As many pictures as keep every stage busy: each of its threads has one, and the next one waits. */
        static int pictures(int readers, int decoders, int runs, int batch) {
            return 2 * (readers + decoders) + BatchingEncoder.buffers(runs) * batch;
        }
    }

    /** From the bytes of a file to the square that the model sees. */
    interface Squares {
        /** Pixels that the file claims to have, from its header. */
        long claimedPixels(byte[] file);

        /** Puts the square into a buffer and gives the picture's own size. */
        PictureSize prepare(byte[] file, ByteBuffer out, int at);
    }

    private final Limits limits;
    private final Squares squares;
    private final BatchingEncoder encoder;
    private final PipelineCounts counts;
    private final LongSupplier nanoTime;
    private final Semaphore places;
    private final ByteBudget fileBytes;
    private final ByteBudget decodedBytes;
    private final StageThreads readers;
    private final StageThreads decoders;
    private final ThreadLocal<ByteBuffer> square;
    private final Set<PictureOnItsWay> present = ConcurrentHashMap.newKeySet();
    private final AtomicInteger tasks = new AtomicInteger();
    private final AtomicReference<ImageSearchException> broken = new AtomicReference<>();
    private final ScheduledExecutorService watch;

    /**
     * Starts a pipeline that ends with an encoder, which it owns.
     *
     * @param counts told of all that is done
     */
    PicturePipeline(
            Limits limits, Squares squares, BatchingEncoder encoder, PipelineCounts counts, LongSupplier nanoTime) {
        this.limits = limits;
        this.squares = squares;
        this.encoder = encoder;
        this.counts = counts;
        this.nanoTime = nanoTime;
        this.places = new Semaphore(limits.pictures(), true);
        this.fileBytes = new ByteBudget(limits.fileBytes());
        this.decodedBytes = new ByteBudget(limits.decodedBytes());
        this.readers = stage(Stage.READ, limits.readers());
        this.decoders = stage(Stage.DECODE, limits.decoders());
        this.square = ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(encoder.pixelBytes()));
        this.watch = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "embed-watch");
            thread.setDaemon(true);
            return thread;
        });
    }

    private StageThreads stage(Stage stage, int threads) {
        return new StageThreads(stage, threads, threads, limits.pictures(), limits.deadline(), this::breakDown);
    }

    /** Looks for late pictures by itself from now on. */
    PicturePipeline watched() {
        long every = Math.min(MAX_CHECK_NANOS, 1 + limits.deadline().toNanos() / CHECKS_PER_DEADLINE);
        var unused = watch.scheduleWithFixedDelay(this::check, every, every, TimeUnit.NANOSECONDS);
        return this;
    }

    /** Looks for pictures and runs of the model that are late. */
    void check() {
        readers.check();
        decoders.check();
        Duration run = encoder.longestRun();
        if (run.compareTo(limits.modelDeadline()) > 0) {
            breakDown(ImageSearchException.resource(
                    "the model has not answered for %d s, the limit is %d s",
                    run.toSeconds(), limits.modelDeadline().toSeconds()));
        }
    }

    /** One task's part of the pipeline. Closing it gives up what the task has on its way. Used by one thread. */
    final class Share implements AutoCloseable {
        private final Set<PictureOnItsWay> mine = ConcurrentHashMap.newKeySet();
        private boolean closed;

        private Share() {
            tasks.incrementAndGet();
        }

        /** Pictures that the task may have on their way and ready, so that all tasks get on alike. */
        int size() {
            return Math.max(1, limits.pictures() / Math.max(1, tasks.get()));
        }

        /**
         * Hands a picture in, unless there is no place for it within some time.
         *
         * @throws ImageSearchException (resource) if the pipeline has broken down
         */
        Optional<PictureOnItsWay> submit(PictureSource source, long waitMillis) throws InterruptedException {
            requireWhole();
            return places.tryAcquire(waitMillis, TimeUnit.MILLISECONDS) ? Optional.of(start(source)) : Optional.empty();
        }

        private PictureOnItsWay start(PictureSource source) {
            PictureOnItsWay[] self = new PictureOnItsWay[1];
            PictureOnItsWay picture = new PictureOnItsWay(source, nanoTime, () -> {
                present.remove(self[0]);
                mine.remove(self[0]);
                places.release();
            });
            self[0] = picture;
            present.add(picture);
            mine.add(picture);
            // Either it is seen here, or this picture is there when everything is failed.
            if (broken.get() != null) {
                picture.leave();
            }
            requireWhole();
            readers.submit(picture, PicturePipeline.this::read);
            return picture;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                tasks.decrementAndGet();
                mine.forEach(PictureOnItsWay::giveUp);
            }
        }
    }

    /** A share for a task that begins. */
    Share share() {
        return new Share();
    }

    private void requireWhole() {
        ImageSearchException why = broken.get();
        if (why != null) {
            throw new ImageSearchException(why.code(), why.getMessage(), why);
        }
    }

    private void read(PictureOnItsWay picture) {
        boolean passedOn = false;
        picture.busy().start();
        try {
            byte[] bytes = picture.source().bytes(wanted -> makeRoom(picture, wanted));
            counts.add(Count.BYTES_READ, bytes.length);
            picture.read(bytes, picture.source().caption());
            picture.busy().stop();
            counts.add(Count.READ_SECONDS, picture.busy().nanos());
            decoders.submit(picture, this::decode);
            passedOn = true;
        } catch (IOException | RuntimeException e) {
            picture.failed(Stage.READ, e);
        } catch (Error e) {
            picture.broke(e);
        } finally {
            // Once it is passed on, its time is the decoder's to take: stopped here, a decoder that hangs would never
            // be late.
            if (!passedOn) {
                picture.busy().stop();
                picture.leave();
            }
        }
    }

    private void makeRoom(PictureOnItsWay picture, long bytes) throws IOException {
        picture.busy().stop();
        try {
            picture.takes(fileBytes.take(bytes));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for memory");
        }
        picture.busy().start();
    }

    private void decode(PictureOnItsWay picture) {
        boolean passedOn = false;
        try {
            // A square of the thread's own: one that is slow or hangs holds up no batch, and one that comes late spoils
            // none.
            ByteBuffer out = square.get();
            picture.decoded(prepare(picture, out));
            var unused = encoder.submit(out).whenComplete((embedding, error) -> encoded(picture, embedding, error));
            passedOn = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // Late or given up, and so over already.
        } catch (RuntimeException e) {
            if (e instanceof ImageSearchException known && known.code() == ErrorCode.RESOURCE) {
                picture.broke(known); // The decoder cannot be loaded here, which is no fault of the picture.
            } else {
                picture.failed(Stage.DECODE, e);
            }
        } catch (Error e) {
            picture.broke(e);
        } finally {
            if (!passedOn) {
                picture.leave();
            }
        }
    }

    private PictureSize prepare(PictureOnItsWay picture, ByteBuffer out) throws InterruptedException {
        long bytes = DECODED_BYTES_PER_PIXEL * squares.claimedPixels(picture.file());
        long before = picture.busy().nanos();
        try (ByteBudget.Room room = decodedBytes.take(bytes)) {
            picture.busy().start();
            return squares.prepare(picture.file(), out, 0);
        } finally {
            picture.busy().stop();
            counts.add(Count.DECODE_SECONDS, picture.busy().nanos() - before);
        }
    }

    private static void encoded(PictureOnItsWay picture, float[] embedding, Throwable error) {
        if (error == null) {
            picture.embedded(embedding);
        } else if (error instanceof ImageSearchException known && known.code() == ErrorCode.DATA) {
            picture.failed(Stage.ENCODE, known);
        } else {
            picture.broke(error);
        }
        picture.leave();
    }

    /** Fails what is on its way, and whatever comes. */
    private void breakDown(ImageSearchException why) {
        broken.compareAndSet(null, why);
        present.forEach(picture -> picture.broke(broken.get()));
    }

    /** Pictures that a stage has, or that wait for one. */
    int present() {
        return present.size();
    }

    /** What this pipeline, and maybe others, did so far. */
    PipelineCounts counts() {
        return counts;
    }

    /** Bytes of files that were read and not decoded. */
    long fileBytes() {
        return fileBytes.takenBytes();
    }

    /** Threads that hang and were given up. */
    int givenUp() {
        return readers.givenUp() + decoders.givenUp();
    }

    @Override
    public void close() {
        present.forEach(PictureOnItsWay::giveUp);
        watch.shutdownNow();
        readers.close();
        decoders.close();
        encoder.close();
    }
}
