package org.imagesearch.embed;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.imagesearch.core.ImageSearchException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads of one stage, and what they make of a picture that takes too long: it fails, and its thread is interrupted. A
 * thread that does not heed that, because it hangs in native code or in a file system, is given up and another takes its
 * place; if it ever comes back, it takes its own again. There is a bound on how many are given up. Thread-safe.
 */
final class StageThreads implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StageThreads.class);

    /** Longer than anything takes that can be interrupted at all. */
    static final Duration GRACE = Duration.ofSeconds(5);

    private final Stage stage;
    private final int count;
    private final int spares;
    private final Duration deadline;
    private final Consumer<ImageSearchException> broken;
    private final Set<Work> running = ConcurrentHashMap.newKeySet();
    private final ThreadPoolExecutor threads;
    private int givenUp;

    /**
     * Starts a stage.
     *
     * @param count threads
     * @param spares threads that may be given up at most
     * @param pictures that can wait at most
     * @param deadline of a picture, from the start of its reading, without the time that it waits for its turn
     * @param broken told when there are no spare threads any more
     */
    StageThreads(
            Stage stage,
            int count,
            int spares,
            int pictures,
            Duration deadline,
            Consumer<ImageSearchException> broken) {
        this.stage = stage;
        this.count = count;
        this.spares = spares;
        this.deadline = deadline;
        this.broken = broken;
        // Hadoop looks for file systems where the class loader of the thread says.
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        AtomicInteger number = new AtomicInteger();
        this.threads = new ThreadPoolExecutor(
                count, count + spares, 1, TimeUnit.MINUTES, new ArrayBlockingQueue<>(pictures), work -> {
                    Thread thread = new Thread(work, "embed-" + stage.text() + "-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    thread.setContextClassLoader(loader);
                    return thread;
                });
        // Between waves there may be hours in which nothing is read.
        threads.allowCoreThreadTimeOut(true);
    }

    /** What a stage does with a picture; whatever it throws is its own to handle. */
    interface Step {
        void take(PictureOnItsWay picture);
    }

    /** Hands a picture to the stage. */
    void submit(PictureOnItsWay picture, Step step) {
        threads.execute(new Work(picture, step));
    }

    /** One picture at this stage. */
    final class Work implements Runnable {
        private final PictureOnItsWay picture;
        private final FutureTask<Void> attempt;
        private long lateAfterNanos = deadline.toNanos();
        private boolean isGivenUp;
        private boolean hasEnded;

        private Work(PictureOnItsWay picture, Step step) {
            this.picture = picture;
            this.attempt = new FutureTask<>(() -> step.take(picture), null);
        }

        @Override
        public void run() {
            running.add(this);
            picture.workedOnBy(this);
            if (attempt.isCancelled() || picture.isOver()) {
                picture.leave();
            } else {
                attempt.run();
            }
            running.remove(this);
            end(this);
        }

        /** Interrupts the thread if it is at this picture. */
        void interrupt() {
            attempt.cancel(true);
        }

        private void check() {
            // A thread that has just handed its picture on may not have ended yet.
            if (!picture.isWorkedOnBy(this) || picture.busy().nanos() <= lateAfterNanos) {
                return;
            }
            if (lateAfterNanos == deadline.toNanos()) {
                lateAfterNanos += GRACE.toNanos();
                picture.late(stage, "not done within " + deadline.toMillis() + " ms");
                interrupt();
            } else {
                giveUp(this);
            }
        }
    }

    /** Looks for pictures that are late. Called by one thread, every now and then. */
    void check() {
        running.forEach(Work::check);
    }

    private void giveUp(Work work) {
        synchronized (this) {
            if (work.isGivenUp || work.hasEnded) {
                return;
            }
            if (givenUp < spares) {
                work.isGivenUp = true;
                givenUp++;
                threads.setCorePoolSize(count + givenUp);
                LOG.warn(
                        "event=thread-given-up stage={} uri={} givenUp={} limit={}",
                        stage.text(),
                        work.picture.source().name(),
                        givenUp,
                        spares);
                return;
            }
        }
        broken.accept(ImageSearchException.resource(
                "%d threads hang at stage %s, the last one at %s; no more are given up",
                spares + 1, stage.text(), work.picture.source().name()));
    }

    private synchronized void end(Work work) {
        work.hasEnded = true;
        if (work.isGivenUp) {
            givenUp--;
            threads.setCorePoolSize(count + givenUp);
        }
    }

    /** Threads that hang. */
    synchronized int givenUp() {
        return givenUp;
    }

    /** Pictures that wait for a thread. */
    int waiting() {
        return threads.getQueue().size();
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
