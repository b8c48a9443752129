package org.imagesearch.clip;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;

/**
 * Makes a picture the square that the model sees, by {@link Resampler}. CLIP's models want the shortest edge at {@code size}, the
 * longer one at {@code (int) (size * long / short)}, and of that the middle square, its corner rounded down; SigLIP's want the
 * whole picture squeezed into the square. Equal to Hugging Face's {@code CLIPImageProcessor} and {@code SiglipImageProcessor}
 * (with Pillow) before their scaling to floats.
 *
 * <p>Immutable and thread-safe.
 */
public final class Preprocessor {
    private final int size;
    private final ImageSpec.Resize resize;

    public Preprocessor(ImageSpec spec) {
        this.size = spec.size();
        this.resize = spec.resize();
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
        return switch (resize) {
            case SHORTEST_EDGE_BICUBIC -> Fit.middleSquare(width, height, size);
            case SQUARE_BICUBIC -> Fit.whole(size, size);
        };
    }
}
