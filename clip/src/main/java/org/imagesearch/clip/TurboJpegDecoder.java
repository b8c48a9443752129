package org.imagesearch.clip;

import java.nio.ByteBuffer;
import org.imagesearch.clip.PictureException.Reason;
import org.imagesearch.clip.binding.PictureCalls;

/**
 * JPEGs of one or three components by libjpeg-turbo, in RGB: grey repeated, damaged data decoded as far as they go. Stateless and
 * thread-safe; only where {@link PictureLibrary} could be loaded.
 */
final class TurboJpegDecoder {
    /** Scales with a vectorised transform; others take longer than all of the picture does. */
    private static final int[] FAST_EIGHTHS = {1, 2, 4};

    /** As it is. */
    static final int ALL_EIGHTHS = 8;

    private static final int CORRUPT = 1;
    private static final int TRUNCATED = 2;

    private TurboJpegDecoder() {}

    /** Whether a picture is one for this decoder, and the library is there. */
    static boolean decodes(PictureHeader header) {
        return header.format() == PictureHeader.Format.JPEG
                && header.components() != 4
                && PictureLibrary.failure().isEmpty();
    }

    /**
     * Decodes a whole picture.
     *
     * @param eighths the scale, {@value #ALL_EIGHTHS} to leave it as it is; lengths are rounded up
     * @throws PictureException (truncated) if the data end early; (corrupt) if they cannot be decoded at all
     */
    static Picture decode(byte[] bytes, PictureHeader header, int eighths) {
        int width = scaled(header.width(), eighths);
        int height = scaled(header.height(), eighths);
        byte[] rgb = new byte[3 * width * height];
        requireMade(PictureCalls.decodeJpeg(bytes, header.width(), header.height(), eighths, rgb));
        return new Picture(width, height, rgb);
    }

    /**
     * Decodes and resizes, without a whole picture between.
     *
     * @param eighths the scale at which it is decoded, {@value #ALL_EIGHTHS} to leave it as it is
     * @param out receives uint8 [cropHeight, cropWidth, 3]; writable, direct or with an
     *     array; its position and limit do not count
     * @param at index of the first byte
     * @throws PictureException (truncated) if the data end early; (corrupt) if they cannot be decoded at all
     */
    static void resize(byte[] bytes, PictureHeader header, Fit fit, int eighths, ByteBuffer out, int at) {
        int outcome;
        if (out.hasArray()) {
            outcome = PictureCalls.resizeJpeg(
                    bytes,
                    header.width(),
                    header.height(),
                    fit.width(),
                    fit.height(),
                    fit.left(),
                    fit.top(),
                    fit.cropWidth(),
                    fit.cropHeight(),
                    eighths,
                    PictureLibrary.instructions(),
                    out.array(),
                    out.arrayOffset() + at);
        } else {
            outcome = PictureCalls.resizeJpeg(
                    bytes,
                    header.width(),
                    header.height(),
                    fit.width(),
                    fit.height(),
                    fit.left(),
                    fit.top(),
                    fit.cropWidth(),
                    fit.cropHeight(),
                    eighths,
                    PictureLibrary.instructions(),
                    out.duplicate().clear(),
                    at);
        }
        requireMade(outcome);
    }

    /** The smallest scale, in eighths, that leaves each edge at least twice as long as a side and can be had fast. */
    static int fastEighths(PictureHeader header, int side) {
        int shorter = Math.min(header.width(), header.height());
        for (int eighths : FAST_EIGHTHS) {
            if (scaled(shorter, eighths) >= 2 * side) {
                return eighths;
            }
        }
        return ALL_EIGHTHS;
    }

    /** The length at which libjpeg decodes. */
    private static int scaled(int length, int eighths) {
        return (length * eighths + ALL_EIGHTHS - 1) / ALL_EIGHTHS;
    }

    private static void requireMade(int outcome) {
        if (outcome == CORRUPT || outcome == TRUNCATED) {
            throw new PictureException(
                    outcome == CORRUPT ? Reason.CORRUPT : Reason.TRUNCATED,
                    "the JPEG cannot be decoded: " + PictureCalls.jpegProblem());
        }
    }
}
