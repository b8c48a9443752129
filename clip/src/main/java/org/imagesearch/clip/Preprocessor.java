package org.imagesearch.clip;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;

/**
 * Makes a picture the square that the model sees: shortest edge to {@code size} by {@link Resampler}, longer edge truncated to
 * {@code (int) (size * long / short)}, then the middle square, its corner rounded down. Equal to Hugging Face's
 * {@code CLIPImageProcessor} (with Pillow) before its scaling to floats, which our graphs do.
 *
 * <p>Immutable and thread-safe.
 */
public final class Preprocessor {
    private final int size;

    public Preprocessor(ImageSpec spec) {
        this.size = spec.size();
    }

    /** The square, uint8 [size, size, 3]. */
    public byte[] apply(Picture picture) {
        Fit fit = fit(picture.width(), picture.height());
        byte[] out = new byte[fit.bytes()];
        Resampler.resize(picture, fit, out, 0);
        return out;
    }

    /**
     * Puts the square at the buffer's position.
     *
     * @throws BufferOverflowException if fewer bytes remain
     */
    public void applyTo(Picture picture, ByteBuffer out) {
        Fit fit = fit(picture.width(), picture.height());
        if (out.isReadOnly()) {
            throw new ReadOnlyBufferException();
        }
        if (out.remaining() < fit.bytes()) {
            throw new BufferOverflowException();
        }
        int at = out.position();
        Resampler.resize(picture, fit, out, at);
        out.position(at + fit.bytes());
    }

    /** What is done to a picture of a size. */
    Fit fit(int width, int height) {
        return Fit.middleSquare(width, height, size);
    }
}
