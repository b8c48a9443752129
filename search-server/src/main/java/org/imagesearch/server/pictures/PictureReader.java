package org.imagesearch.server.pictures;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.PictureException;
import org.imagesearch.server.pictures.OriginalPictures.Original;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/** Decodes pictures, only so many at a time: decoded pixels are the largest thing that a request brings. Thread-safe. */
public final class PictureReader {
    private final PictureDecoder decoder;
    private final long maxBytes;
    private final Semaphore permits;

    public PictureReader(PictureSettings settings) {
        this.decoder = new PictureDecoder(settings.limits(), settings.applyOrientation());
        this.maxBytes = settings.bytes().count();
        this.permits = new Semaphore(settings.decoding());
    }

    /**
     * Decodes a picture and makes something of it while its pixels are in memory.
     *
     * @throws PictureException with the reason, if the bytes are no picture that can be decoded within the limits
     * @throws RequestException (deadline exceeded) if others were decoded until then
     */
    public <T> T decode(byte[] bytes, Deadline deadline, Function<Picture, T> use) {
        return permitted(deadline, () -> use.apply(decoder.decode(bytes)));
    }

    /**
     * Reads a picture's file, decodes it and makes something of it; the file is not in memory before it is its turn.
     *
     * @throws PictureException with the reason, if the file is no picture that can be decoded within the limits
     * @throws RequestException (deadline exceeded) if others were decoded until then
     */
    public <T> T decode(Original original, Deadline deadline, Function<Picture, T> use) throws IOException {
        return permitted(deadline, () -> use.apply(decoder.decode(read(original))));
    }

    private byte[] read(Original original) throws IOException {
        try (InputStream in = Files.newInputStream(original.file())) {
            in.skipNBytes(original.offset());
            // One byte too many is enough for the decoder to refuse it.
            long most = Math.min(maxBytes + 1, Integer.MAX_VALUE - 8);
            return in.readNBytes((int) Math.min(most, original.bytes()));
        }
    }

    private interface Work<T, E extends Exception> {
        T run() throws E;
    }

    private <T, E extends Exception> T permitted(Deadline deadline, Work<T, E> work) throws E {
        try {
            if (!permits.tryAcquire(deadline.remainingNanos(), TimeUnit.NANOSECONDS)) {
                throw RequestException.of(Problem.DEADLINE_EXCEEDED, "too many pictures were decoded before this one");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RequestException.of(Problem.UNAVAILABLE, "the server is stopping");
        }
        try {
            return work.run();
        } finally {
            permits.release();
        }
    }
}
