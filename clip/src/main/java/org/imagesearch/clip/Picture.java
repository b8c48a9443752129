package org.imagesearch.clip;

import org.imagesearch.core.ImageSearchException;

/**
 * A decoded picture.
 *
 * @param width pixels
 * @param height pixels
 * @param rgb uint8 [height, width, 3], row-major; shared, not copied
 */
public record Picture(int width, int height, byte[] rgb) {
    /** @throws ImageSearchException (input) if the sizes do not fit together */
    public Picture {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw ImageSearchException.input("a picture of %d x %d has no %d bytes", width, height, rgb.length);
        }
    }
}
