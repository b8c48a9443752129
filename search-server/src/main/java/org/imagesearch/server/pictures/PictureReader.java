package org.imagesearch.server.pictures;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.imagesearch.clip.Picture;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.PictureException;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/** Decodes pictures, only so many at a time: decoded pixels are the largest thing that a request brings. Thread-safe. */
public final class PictureReader {
    private final PictureDecoder decoder;
    private final Semaphore permits;

    public PictureReader(PictureSettings settings) {
        this.decoder = new PictureDecoder(settings.limits(), settings.applyOrientation());
        this.permits = new Semaphore(settings.decoding());
    }

    /**
     * Decodes a picture and makes something of it while its pixels are in memory.
     *
     * @throws PictureException with the reason, if the bytes are no picture that can be decoded within the limits
     * @throws RequestException (deadline exceeded) if others were decoded until then
     */
    public <T> T decode(byte[] bytes, Deadline deadline, Function<Picture, T> use) {
        try {
            if (!permits.tryAcquire(deadline.remainingNanos(), TimeUnit.NANOSECONDS)) {
                throw RequestException.of(Problem.DEADLINE_EXCEEDED, "too many pictures were decoded before this one");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RequestException.of(Problem.UNAVAILABLE, "the server is stopping");
        }
        try {
            return use.apply(decoder.decode(bytes));
        } finally {
            permits.release();
        }
    }
}
