package org.imagesearch.clip;

import org.imagesearch.core.ImageSearchException;

/**
 * The largest picture that is decoded. What a file claims is compared before pixels are allocated.
 *
 * @param maxBytes bytes of the file
 * @param maxPixels width times height
 * @param maxSide the longer side, pixels
 */
public record DecodeLimits(long maxBytes, long maxPixels, int maxSide) {
    /** 64 MiB, 100 megapixels, 20,000 pixels: more than cameras make, 300 MB once decoded. */
    public static final DecodeLimits DEFAULT = new DecodeLimits(64L << 20, 100_000_000, 20_000);

    /** @throws ImageSearchException (input) if a limit is not positive, or is beyond what an array of RGB can hold */
    public DecodeLimits {
        if (maxBytes < 1 || maxPixels < 1 || maxSide < 1 || maxPixels > Integer.MAX_VALUE / 4) {
            throw ImageSearchException.input(
                    "impossible limits of a picture: %d bytes, %d pixels, side %d", maxBytes, maxPixels, maxSide);
        }
    }
}
