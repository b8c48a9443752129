package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.util.Objects;

/**
 * From the bytes of a file to the square that the model sees, in one call: what {@link PictureDecoder} and {@link Preprocessor}
 * give one after the other. A JPEG that needs no turning is resized as it is decoded, so that its pixels are never all there.
 *
 * <p>Immutable and thread-safe: one for all threads.
 */
public final class PictureSquares {
    private final PictureDecoder decoder;
    private final Preprocessor preprocessor;
    private final int squareBytes;
    private final boolean fastDecode;

    /**
     * @param spec of the model that will see the squares
     * @param limits the largest picture decoded
     * @param applyOrientation whether a JPEG is turned as its Exif orientation says; CLIP's reference code does not
     * @param fastDecode whether a JPEG is decoded at the smallest of the scales 1/8, 1/4 and 1/2 that leaves its shorter edge at least
     *     twice as long as the square's; squares are then near the reference's, not equal to them. Does nothing for JPEGs of four
     *     inks, and where {@link PictureLibrary} could not be loaded
     */
    public PictureSquares(ImageSpec spec, DecodeLimits limits, boolean applyOrientation, boolean fastDecode) {
        this.decoder = new PictureDecoder(limits, applyOrientation);
        this.preprocessor = new Preprocessor(spec);
        this.fastDecode = fastDecode;
        this.squareBytes = 3 * spec.size() * spec.size();
    }

    /** Bytes of one square. */
    public int squareBytes() {
        return squareBytes;
    }

    /**
     * The size that a file claims, as stored, read from its header alone: what decoding it may need of memory. Nothing says that
     * the rest can be decoded.
     *
     * @throws PictureException with the reason, if there is no header of a picture
     */
    public PictureSize claimedSize(byte[] file) {
        PictureHeader header = PictureHeader.read(file);
        return new PictureSize(header.width(), header.height());
    }

    /** @throws PictureException with the reason, if the bytes are no picture that can be decoded within the limits */
    public PreparedPicture prepare(byte[] file) {
        byte[] square = new byte[squareBytes];
        return new PreparedPicture(prepare(file, ByteBuffer.wrap(square), 0), square);
    }

    /**
     * Puts the square, uint8 [size, size, 3], into a buffer; after a failure its bytes there are undefined.
     *
     * @param out a direct buffer saves a copy; position and limit are neither read nor changed, so that threads may fill parts of
     *     one buffer at once
     * @param at index of the square's first byte
     * @return the picture's own size
     * @throws PictureException with the reason, if the bytes are no picture that can be decoded within the limits
     * @throws IndexOutOfBoundsException if the buffer's capacity ends before the square does
     */
    public PictureSize prepare(byte[] file, ByteBuffer out, int at) {
        Objects.checkFromIndexSize(at, squareBytes, out.capacity());
        if (out.isReadOnly()) {
            throw new ReadOnlyBufferException();
        }
        PictureHeader header = decoder.header(file);
        if (!TurboJpegDecoder.decodes(header)) {
            Picture picture = decoder.decode(file, header);
            Resampler.resize(picture, preprocessor.fit(picture.width(), picture.height()), out, at);
            return new PictureSize(picture.width(), picture.height());
        }
        int orientation = decoder.orientation(file, header);
        PictureSize size = Orientation.shown(orientation, header.width(), header.height());
        Fit fit = preprocessor.fit(size.width(), size.height());
        int eighths = fastDecode
                ? TurboJpegDecoder.fastEighths(header, Math.max(fit.cropWidth(), fit.cropHeight()))
                : TurboJpegDecoder.ALL_EIGHTHS;
        if (orientation == Orientation.UPRIGHT) {
            TurboJpegDecoder.resize(file, header, fit, eighths, out, at);
        } else {
            Picture stored = TurboJpegDecoder.decode(file, header, eighths);
            Resampler.resize(Orientation.apply(orientation, stored), fit, out, at);
        }
        return size;
    }
}
