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

    private static final int ALL_EIGHTHS = 8;
    private static final int CORRUPT = 1;
    private static final int TRUNCATED = 2;

    private TurboJpegDecoder() {}

    /** @throws PictureException (truncated) if the data end early; (corrupt) if they cannot be decoded at all */
    static Picture decode(byte[] bytes, PictureHeader header) {
        byte[] rgb = new byte[3 * header.width() * header.height()];
        requireMade(PictureCalls.decodeJpeg(bytes, header.width(), header.height(), rgb));
        return new Picture(header.width(), header.height(), rgb);
    }

    /**
     * Decodes and resizes, without a whole picture between.
     *
     * @param fast whether to decode at the smallest of the scales 1/8, 1/4 and 1/2 that leaves each edge at least twice as long as
     *     the rectangle's
     * @param out receives uint8 [cropHeight, cropWidth, 3]; writable, direct or with an
     *     array; its position and limit do not count
     * @param at index of the first byte
     * @throws PictureException (truncated) if the data end early; (corrupt) if they cannot be decoded at all
     */
    static void resize(byte[] bytes, PictureHeader header, Fit fit, boolean fast, ByteBuffer out, int at) {
        int eighths = fast ? eighths(header, fit) : ALL_EIGHTHS;
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

    /** The scale of a fast decode, in eighths. */
    static int eighths(PictureHeader header, Fit fit) {
        for (int eighths : FAST_EIGHTHS) {
            if (scaled(header.width(), eighths) >= 2 * fit.cropWidth()
                    && scaled(header.height(), eighths) >= 2 * fit.cropHeight()) {
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
