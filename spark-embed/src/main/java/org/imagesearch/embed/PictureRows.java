package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.PictureException;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.EmbedSettings.TaskSettings;

/**
 * The pictures of one task as rows of {@link RowSchemas#RESULTS}: read, decoded and preprocessed on the task's thread, encoded
 * in the executor's batches, at most {@code inFlight} at once. A picture that fails becomes a row that says why; a model that
 * cannot be run fails the task, because that says nothing about the pictures.
 */
final class PictureRows implements Iterator<Row> {
    private static final int MESSAGE_LENGTH = 300;

    private final Iterator<ListedPicture> pictures;
    private final ExecutorModel model;
    private final PictureDecoder decoder;
    private final TaskSettings settings;
    private final PictureContents contents;
    private final LongAccumulator done;
    private final Deque<Pending> inFlight = new ArrayDeque<>();

    PictureRows(
            Iterator<ListedPicture> pictures,
            ExecutorModel model,
            TaskSettings settings,
            Configuration configuration,
            LongAccumulator done) {
        this.pictures = pictures;
        this.model = model;
        this.settings = settings;
        this.contents = new PictureContents(settings, configuration);
        this.done = done;
        this.decoder = new PictureDecoder(settings.limits(), settings.applyOrientation());
    }

    /** A picture on its way: with an embedding to come, or with the row of its failure. */
    private record Pending(
            ListedPicture listed,
            int width,
            int height,
            String caption,
            CompletableFuture<float[]> embedding,
            Row failure) {}

    @Override
    public boolean hasNext() {
        return !inFlight.isEmpty() || pictures.hasNext();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        requireNotKilled();
        while (inFlight.size() < settings.inFlight() && pictures.hasNext()) {
            inFlight.addLast(start(pictures.next()));
        }
        Row row = finish(inFlight.removeFirst());
        done.add(1);
        return row;
    }

    private Pending start(ListedPicture listed) {
        Stage stage = Stage.READ;
        try {
            byte[] bytes = contents.bytes(listed);
            String caption = contents.caption(listed);
            stage = Stage.DECODE;
            Picture picture = decoder.decode(bytes);
            stage = Stage.PREPROCESS;
            byte[] pixels = model.preprocessor().apply(picture);
            return new Pending(
                    listed,
                    picture.width(),
                    picture.height(),
                    caption,
                    model.encoder().submit(pixels),
                    null);
        } catch (PictureException e) {
            return failed(listed, stage, e.reason().name().toLowerCase(Locale.ROOT), e);
        } catch (ReadFailure e) {
            return failed(listed, stage, e.error(), e);
        } catch (FileNotFoundException e) {
            return failed(listed, stage, "missing", e);
        } catch (IOException e) {
            return failed(listed, stage, "unreadable", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("interrupted");
        } catch (RuntimeException e) {
            return failed(listed, stage, "internal", e);
        }
    }

    private Row finish(Pending pending) {
        if (pending.failure != null) {
            return pending.failure;
        }
        try {
            float[] embedding = pending.embedding.get();
            return RowFactory.create(
                    pending.listed.getId(),
                    pending.listed.getUri(),
                    pending.width,
                    pending.height,
                    pending.caption,
                    embedding,
                    null,
                    null,
                    null,
                    pending.listed.getAttempts() + 1);
        } catch (ExecutionException e) {
            ErrorCode code = e.getCause() instanceof ImageSearchException known ? known.code() : ErrorCode.INTERNAL;
            if (code == ErrorCode.DATA) {
                return failed(pending.listed, Stage.ENCODE, "internal", e.getCause()).failure;
            }
            throw new ImageSearchException(
                    code,
                    "the model failed on a batch with " + pending.listed.getUri() + ": " + reason(e.getCause()),
                    e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("interrupted");
        }
    }

    private static Pending failed(ListedPicture listed, Stage stage, String error, Throwable cause) {
        String message = reason(cause);
        Row row = RowFactory.create(
                listed.getId(),
                listed.getUri(),
                null,
                null,
                null,
                null,
                stage.text(),
                error,
                message,
                listed.getAttempts() + 1);
        return new Pending(listed, 0, 0, null, null, row);
    }

    /** One line of bounded length. */
    private static String reason(Throwable cause) {
        String message = (cause.getMessage() == null ? cause.toString() : cause.getMessage()).replaceAll("\\s+", " ");
        return message.codePointCount(0, message.length()) <= MESSAGE_LENGTH
                ? message
                : message.substring(0, message.offsetByCodePoints(0, MESSAGE_LENGTH));
    }

    private static void requireNotKilled() {
        TaskContext context = TaskContext.get();
        if (context != null && context.isInterrupted()) {
            throw new TaskKilledException("killed");
        }
    }
}
