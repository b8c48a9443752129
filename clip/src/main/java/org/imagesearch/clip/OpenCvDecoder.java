package org.imagesearch.clip;

import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.ShortPointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;
import org.imagesearch.clip.PictureException.Reason;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.RootCause;

/**
 * PNG by libpng and WebP by libwebp, through OpenCV; JPEG too, by its libjpeg-turbo, where {@link PictureLibrary} is missing.
 * Stateless and thread-safe.
 */
final class OpenCvDecoder {
    private static final Optional<Throwable> FAILURE = load();

    private OpenCvDecoder() {}

    /** @throws ImageSearchException (resource) with the reason, if OpenCV cannot be loaded */
    static void require() {
        if (FAILURE.isPresent()) {
            throw new ImageSearchException(
                    ErrorCode.RESOURCE,
                    "OpenCV, which decodes PNG and WebP, cannot be loaded: " + RootCause.of(FAILURE.get()),
                    FAILURE.get());
        }
    }

    private static Optional<Throwable> load() {
        try {
            Loader.load(opencv_imgcodecs.class);
            // The callers are many; a decoder that starts threads of its own would only get in their way.
            opencv_core.setNumThreads(1);
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            return Optional.of(e);
        }
    }

    /**
     * Decodes to RGB: grey repeated, alpha dropped, 16 bits cut to the upper 8.
     *
     * @throws ImageSearchException (resource) with the reason, if OpenCV cannot be loaded
     */
    static Picture decode(byte[] bytes, PictureHeader header) {
        require();
        // A JPEG is asked for in RGB, which its decoder gives without a copy; the others as they are, since OpenCV
        // would blend or scale what we only want cut off.
        int flags = header.format() == PictureHeader.Format.JPEG
                ? opencv_imgcodecs.IMREAD_COLOR_RGB | opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION
                : opencv_imgcodecs.IMREAD_UNCHANGED;
        byte[] still = header.format() == PictureHeader.Format.PNG ? PngChunks.still(bytes) : bytes;
        try (BytePointer data = new BytePointer(still);
                Mat file = new Mat(1, still.length, opencv_core.CV_8UC1, data);
                Mat pixels = opencv_imgcodecs.imdecode(file, flags)) {
            if (pixels == null || pixels.empty()) {
                throw new PictureException(Reason.CORRUPT, "the " + header.format() + " cannot be decoded");
            }
            if (pixels.cols() != header.width() || pixels.rows() != header.height()) {
                throw new PictureException(
                        Reason.CORRUPT,
                        String.format(
                                "the %s has %d x %d pixels, its header says %d x %d",
                                header.format(), pixels.cols(), pixels.rows(), header.width(), header.height()));
            }
            boolean bgr = header.format() != PictureHeader.Format.JPEG;
            return new Picture(header.width(), header.height(), rgb(upperBytes(pixels), pixels.channels(), bgr));
        } catch (PictureException e) {
            throw e;
        } catch (RuntimeException e) {
            // OpenCV's message names lines of its own sources.
            throw new PictureException(Reason.CORRUPT, "the " + header.format() + " cannot be decoded", e);
        }
    }

    private static byte[] upperBytes(Mat pixels) {
        int values = Math.toIntExact(pixels.total() * pixels.channels());
        byte[] out = new byte[values];
        if (pixels.depth() == opencv_core.CV_8U) {
            pixels.data().get(out);
        } else if (pixels.depth() == opencv_core.CV_16U) {
            short[] deep = new short[values];
            new ShortPointer(pixels.data()).get(deep);
            for (int i = 0; i < values; i++) {
                out[i] = (byte) (deep[i] >>> 8);
            }
        } else {
            throw new PictureException(Reason.UNSUPPORTED, "pixels of OpenCV depth " + pixels.depth());
        }
        return out;
    }

    private static byte[] rgb(byte[] values, int channels, boolean bgr) {
        if (channels == 3 && !bgr) {
            return values;
        }
        int count = values.length / channels;
        byte[] out = new byte[3 * count];
        for (int i = 0; i < count; i++) {
            int source = i * channels;
            boolean grey = channels < 3;
            out[3 * i] = values[grey ? source : source + (bgr ? 2 : 0)];
            out[3 * i + 1] = values[grey ? source : source + 1];
            out[3 * i + 2] = values[grey ? source : source + (bgr ? 0 : 2)];
        }
        return out;
    }
}
