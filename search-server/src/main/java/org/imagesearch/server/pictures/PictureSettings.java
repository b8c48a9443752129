package org.imagesearch.server.pictures;

import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Bytes;

/**
 * Limits of pictures.
 *
 * @param bytes of a file that is decoded, at most
 * @param pixels of a picture that is decoded, at most
 * @param side of a picture that is decoded, at most
 * @param applyOrientation whether Exif orientation counts; as it did when the index's pictures were embedded
 * @param decoding pictures decoded at the same time; each may take twice its pixels in bytes times three
 * @param thumbnailCache bytes of thumbnails that are kept
 * @param links pictures on other servers
 */
public record PictureSettings(
        Bytes bytes,
        long pixels,
        int side,
        boolean applyOrientation,
        int decoding,
        Bytes thumbnailCache,
        LinkSettings links) {
    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public PictureSettings {
        new DecodeLimits(bytes.count(), pixels, side);
        if (decoding < 1 || decoding > 1024) {
            throw ImageSearchException.input("setting serve.picture.decoding is %d, expected 1 to 1024", decoding);
        }
    }

    DecodeLimits limits() {
        return new DecodeLimits(bytes.count(), pixels, side);
    }
}
