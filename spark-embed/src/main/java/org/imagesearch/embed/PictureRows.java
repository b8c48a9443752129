package org.imagesearch.embed;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.PipelineCounts.Count;

/**
 * The pictures of one task as rows of {@link RowSchemas#images}, in their order: handed to the executor's pipeline as long as
 * it takes them, and taken out as they are wanted. A picture that fails is no row, and is told to {@code failures}; a model
 * that cannot be run fails the task, because that says nothing about the pictures. Closing it leaves nothing of the task in
 * the pipeline.
 */
final class PictureRows implements TaskRows {
    /** Between looks whether the task was killed. */
    private static final long LOOK_MILLIS = 200;

    private final Iterator<ListedPicture> pictures;
    private final PictureContents contents;
    private final PicturePipeline.Share share;
    private final PipelineCounts counts;
    private final PictureCount done;
    private final Consumer<FailedPicture> failures;
    private final Deque<Pending> inFlight = new ArrayDeque<>();
    private ListedPicture refused;
    private Row next;

    /**
     * @param done counts pictures that have an outcome
     * @param failures told of pictures that failed
     */
    PictureRows(
            Iterator<ListedPicture> pictures,
            PictureContents contents,
            PicturePipeline pipeline,
            PictureCount done,
            Consumer<FailedPicture> failures) {
        this.pictures = pictures;
        this.contents = contents;
        this.share = pipeline.share();
        this.counts = pipeline.counts();
        this.done = done;
        this.failures = failures;
    }

    private record Pending(ListedPicture listed, PictureOnItsWay picture) {}

    @Override
    public boolean hasNext() {
        while (next == null) {
            handIn();
            if (inFlight.isEmpty()) {
                close();
                return false;
            }
            next = finish(inFlight.removeFirst());
            done.add(System.currentTimeMillis());
        }
        return true;
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Row row = next;
        next = null;
        return row;
    }

    private void handIn() {
        while (inFlight.size() < share.size() && (refused != null || pictures.hasNext())) {
            ListedPicture listed = refused != null ? refused : pictures.next();
            refused = null;
            Optional<PictureOnItsWay> picture = handIn(listed);
            if (picture.isEmpty()) {
                refused = listed;
                return;
            }
            inFlight.addLast(new Pending(listed, picture.get()));
        }
    }

    /** Waits for a place only while there is nothing else to wait for. */
    private Optional<PictureOnItsWay> handIn(ListedPicture listed) {
        PictureSource source = contents.of(listed);
        try {
            if (!inFlight.isEmpty()) {
                return share.submit(source, 0);
            }
            Optional<PictureOnItsWay> picture = Optional.empty();
            while (picture.isEmpty()) {
                requireNotKilled();
                picture = share.submit(source, LOOK_MILLIS);
            }
            return picture;
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /** The row of a picture; null if it has failed. */
    private Row finish(Pending pending) {
        ListedPicture listed = pending.listed;
        PictureOutcome outcome = outcome(pending);
        if (outcome instanceof PictureOutcome.Embedded embedded) {
            counts.add(Count.PICTURES_EMBEDDED, 1);
            return RowFactory.create(
                    listed.getId(),
                    listed.getUri(),
                    embedded.width(),
                    embedded.height(),
                    embedded.caption(),
                    embedded.embedding());
        }
        PictureOutcome.Failed failed = (PictureOutcome.Failed) outcome;
        counts.add(Count.ofFailures(failed.stage()), 1);
        failures.accept(FailedPicture.of(listed, failed));
        return null;
    }

    private static PictureOutcome outcome(Pending pending) {
        try {
            Optional<PictureOutcome> outcome = Optional.empty();
            while (outcome.isEmpty()) {
                requireNotKilled();
                outcome = within(LOOK_MILLIS, pending.picture);
            }
            return outcome.get();
        } catch (InterruptedException e) {
            throw interrupted();
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw new ImageSearchException(
                    cause instanceof ImageSearchException known ? known.code() : ErrorCode.INTERNAL,
                    "cannot go on at " + pending.listed.getUri() + ": " + PictureOutcome.Failed.message(cause),
                    cause);
        }
    }

    private static Optional<PictureOutcome> within(long millis, PictureOnItsWay picture)
            throws InterruptedException, ExecutionException {
        try {
            return Optional.of(picture.outcome().get(millis, TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        }
    }

    private static TaskKilledException interrupted() {
        Thread.currentThread().interrupt();
        return new TaskKilledException("interrupted");
    }

    private static void requireNotKilled() {
        TaskContext context = TaskContext.get();
        if (context != null && context.isInterrupted()) {
            throw new TaskKilledException("killed");
        }
    }

    @Override
    public void close() {
        share.close();
    }
}
