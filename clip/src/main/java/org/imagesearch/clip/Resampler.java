package org.imagesearch.clip;

import java.nio.ByteBuffer;
import org.imagesearch.clip.binding.PictureCalls;
import org.imagesearch.core.ImageSearchException;

/**
 * Resizes pictures with bicubic interpolation and antialiasing, bit for bit as Pillow does.
 *
 * <p>CLIP's published embeddings were made from pictures that Pillow had resized; other resamplers move an embedding by
 * as much as another photo of the same thing. The arithmetic is told by {@link PlainResampler}; native code does the same with
 * vectors, where it can be loaded.
 *
 * <p>Stateless and thread-safe.
 */
public final class Resampler {
    private static final int MAX_SIDE = 1 << 20;

    private Resampler() {}

    /**
     * Resizes a whole picture.
     *
     * @param width pixels wanted
     * @param height pixels wanted
     */
    public static Picture resize(Picture picture, int width, int height) {
        if (width < 1 || height < 1 || width > MAX_SIDE || height > MAX_SIDE) {
            throw ImageSearchException.input("cannot resize to %d x %d", width, height);
        }
        Fit fit = Fit.whole(width, height);
        byte[] out = new byte[fit.bytes()];
        resize(picture, fit, out, 0);
        return new Picture(width, height, out);
    }

    /**
     * Resizes a picture and keeps a rectangle of the result; only what the rectangle needs is computed.
     *
     * @param out receives uint8 [cropHeight, cropWidth, 3]
     * @param at where in {@code out}
     */
    static void resize(Picture picture, Fit fit, byte[] out, int at) {
        if (PictureLibrary.failure().isEmpty()) {
            resize(picture, fit, PictureLibrary.instructions(), out, at);
        } else {
            PlainResampler.resize(picture, fit, out, at);
        }
    }

    /**
     * Likewise, into a buffer.
     *
     * @param out writable, direct or with an array; position and limit do not count
     */
    static void resize(Picture picture, Fit fit, ByteBuffer out, int at) {
        if (out.hasArray()) {
            resize(picture, fit, out.array(), out.arrayOffset() + at);
        } else if (PictureLibrary.failure().isEmpty()) {
            PictureCalls.resize(
                    picture.rgb(),
                    picture.width(),
                    picture.height(),
                    fit.width(),
                    fit.height(),
                    fit.left(),
                    fit.top(),
                    fit.cropWidth(),
                    fit.cropHeight(),
                    PictureLibrary.instructions(),
                    out.duplicate().clear(),
                    at);
        } else {
            byte[] made = new byte[fit.bytes()];
            PlainResampler.resize(picture, fit, made, 0);
            out.duplicate().clear().put(at, made);
        }
    }

    /**
     * The native code with a set of instructions.
     *
     * @param instructions 0 for none in particular, 1 for AVX2, 2 for AVX-512; the processor must have them
     */
    static void resize(Picture picture, Fit fit, int instructions, byte[] out, int at) {
        PictureCalls.resize(
                picture.rgb(),
                picture.width(),
                picture.height(),
                fit.width(),
                fit.height(),
                fit.left(),
                fit.top(),
                fit.cropWidth(),
                fit.cropHeight(),
                instructions,
                out,
                at);
    }
}
