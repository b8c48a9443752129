package org.imagesearch.clip;

import org.imagesearch.clip.PictureException.Reason;
import org.imagesearch.core.ImageSearchException;

/**
 * Decodes JPEG, PNG, GIF, BMP and WebP to RGB, as Pillow's {@code convert("RGB")} shows them: alpha dropped and not blended,
 * grey repeated, palettes looked up, inks turned to light, the first frame of an animation, colour profiles ignored. Of 16
 * bits the upper 8 count; there alone Pillow differs, for grey, which it cuts at 255 and so turns white.
 *
 * <p>The format is told by the file's first bytes, never by its name. A JPEG without an end marker counts as truncated, one
 * of more than 100 scans as unsupported; one whose data are damaged is decoded as far as they go.
 * Immutable and thread-safe.
 */
public final class PictureDecoder {
    private final DecodeLimits limits;
    private final boolean applyOrientation;

    /**
     * @param limits the largest picture decoded
     * @param applyOrientation whether a JPEG is turned as its Exif orientation says; CLIP's reference code does not
     * @throws ImageSearchException (resource) that names both platforms, if this build is for another one
     */
    public PictureDecoder(DecodeLimits limits, boolean applyOrientation) {
        PictureLibrary.requirePlatform();
        this.limits = limits;
        this.applyOrientation = applyOrientation;
    }

    /**
     * Loads what decodes the formats. Without this call, the first picture of a format finds out.
     *
     * @throws ImageSearchException (resource) with the reason, if it cannot be loaded
     */
    public static void requireFormats() {
        OpenCvDecoder.require();
    }

    /**
     * Decodes a picture of any format.
     *
     * @throws PictureException with the reason, if the bytes are no picture that can be decoded within the limits
     * @throws ImageSearchException (resource) with the reason, if what decodes its format cannot be loaded
     */
    public Picture decode(byte[] bytes) {
        return decode(bytes, header(bytes));
    }

    /** @throws PictureException if the bytes are no picture, or one beyond the limits */
    PictureHeader header(byte[] bytes) {
        if (bytes.length > limits.maxBytes()) {
            throw new PictureException(
                    Reason.TOO_LARGE, "the file has " + bytes.length + " bytes, the limit is " + limits.maxBytes());
        }
        PictureHeader header = PictureHeader.read(bytes);
        requireWithinLimits(header);
        return header;
    }

    /** Decodes a picture whose header is known. */
    Picture decode(byte[] bytes, PictureHeader header) {
        return switch (header.format()) {
            case GIF -> GifDecoder.decode(bytes, header);
            case BMP -> BmpDecoder.decode(bytes, header);
            case PNG, WEBP -> OpenCvDecoder.decode(bytes, header);
            case JPEG -> Orientation.apply(orientation(bytes, header), jpeg(bytes, header));
        };
    }

    /** How a picture is turned. */
    int orientation(byte[] bytes, PictureHeader header) {
        return applyOrientation && header.exif() ? Orientation.of(bytes) : Orientation.UPRIGHT;
    }

    private static Picture jpeg(byte[] bytes, PictureHeader header) {
        if (header.components() == 4) {
            return FourInkDecoder.decode(bytes, header);
        }
        return TurboJpegDecoder.decodes(header)
                ? TurboJpegDecoder.decode(bytes, header, TurboJpegDecoder.ALL_EIGHTHS)
                : OpenCvDecoder.decode(bytes, header);
    }

    private void requireWithinLimits(PictureHeader header) {
        long pixels = (long) header.width() * header.height();
        if (pixels > limits.maxPixels() || Math.max(header.width(), header.height()) > limits.maxSide()) {
            throw new PictureException(
                    Reason.TOO_LARGE,
                    String.format(
                            "the picture has %d x %d pixels, the limits are %d pixels and a side of %d",
                            header.width(), header.height(), limits.maxPixels(), limits.maxSide()));
        }
    }
}
