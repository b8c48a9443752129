package org.imagesearch.clip;

import java.nio.ByteBuffer;

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
        byte[] out = new byte[3 * size * size];
        boolean wide = picture.width() > picture.height();
        int shorter = Math.min(picture.width(), picture.height());
        int longer = Math.max(picture.width(), picture.height());
        int resized = (int) ((long) size * longer / shorter);
        int width = wide ? resized : size;
        int height = wide ? size : resized;
        Resampler.resizeAndCrop(picture, width, height, (width - size) / 2, (height - size) / 2, size, size, out, 0);
        return out;
    }

    /** Puts the square at the buffer's position. */
    public void applyTo(Picture picture, ByteBuffer out) {
        out.put(apply(picture));
    }
}
