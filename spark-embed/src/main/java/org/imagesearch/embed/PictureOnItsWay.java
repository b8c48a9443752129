package org.imagesearch.embed;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.imagesearch.clip.PictureSize;

/**
 * One picture between the task that hands it in and its outcome. One stage works on it at a time; the task may give it up
 * whenever it likes.
 *
 * <p>It is over once it has an outcome, which the first one to give it decides. It has left once no stage has it any more,
 * which may be later: a thread that hangs keeps what it has.
 */
final class PictureOnItsWay {
    private final PictureSource source;
    private final Runnable left;
    private final CompletableFuture<PictureOutcome> outcome = new CompletableFuture<>();
    private final Stopwatch busy;
    private final AtomicBoolean present = new AtomicBoolean(true);
    private volatile StageThreads.Work work;

    // Handed from stage to stage through their queues.
    private byte[] file;
    private ByteBudget.Room room;
    private String caption;
    private PictureSize size;

    /** @param left run once, when no stage has the picture any more */
    PictureOnItsWay(PictureSource source, LongSupplier nanoTime, Runnable left) {
        this.source = source;
        this.busy = new Stopwatch(nanoTime);
        this.left = left;
    }

    PictureSource source() {
        return source;
    }

    /** Completed with the outcome; exceptionally where it says nothing about the picture, but about this executor. */
    CompletableFuture<PictureOutcome> outcome() {
        return outcome;
    }

    boolean isOver() {
        return outcome.isDone();
    }

    /** Runs while the picture is read and decoded, and stands while it waits for its turn. */
    Stopwatch busy() {
        return busy;
    }

    void workedOnBy(StageThreads.Work now) {
        work = now;
    }

    boolean isWorkedOnBy(StageThreads.Work which) {
        return work == which;
    }

    void failed(Stage stage, Throwable cause) {
        outcome.complete(PictureOutcome.Failed.of(stage, cause));
    }

    void late(Stage stage, String message) {
        outcome.complete(new PictureOutcome.Failed(stage, "timeout", message));
    }

    /** Ends with an error that is none of the picture's. */
    void broke(Throwable cause) {
        outcome.completeExceptionally(cause);
    }

    /** Nobody waits for the outcome any more. */
    void giveUp() {
        outcome.cancel(false);
        StageThreads.Work now = work;
        if (now != null) {
            now.interrupt();
        }
    }

    /** Memory for the file, which the picture has until it is decoded. */
    void takes(ByteBudget.Room fileRoom) {
        if (room != null) {
            room.close();
        }
        room = fileRoom;
    }

    void read(byte[] bytes, String itsCaption) {
        file = bytes;
        caption = itsCaption;
    }

    byte[] file() {
        return file;
    }

    void decoded(PictureSize itsSize) {
        size = itsSize;
        dropFile();
    }

    void embedded(float[] embedding) {
        outcome.complete(new PictureOutcome.Embedded(size.width(), size.height(), caption, embedding));
    }

    void leave() {
        dropFile();
        if (present.getAndSet(false)) {
            left.run();
        }
    }

    private void dropFile() {
        file = null;
        if (room != null) {
            room.close();
            room = null;
        }
    }
}
