package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.imagesearch.clip.PictureException.Reason;

/**
 * BMP of every depth, with palettes, bit fields and run lengths. Channels of fewer than 8 bits are stretched to 0..255 and
 * rounded down, as Pillow does.
 *
 * <p>Source: Microsoft's documentation of BITMAPINFOHEADER and of bitmap compression. Stateless and thread-safe.
 */
final class BmpDecoder {
    private static final int FILE_HEADER_BYTES = 14;
    private static final int OS2_HEADER_BYTES = 12;
    private static final int PLAIN_HEADER_BYTES = 40;

    private static final int PLAIN = 0;
    private static final int RUNS_OF_BYTES = 1;
    private static final int RUNS_OF_NIBBLES = 2;
    private static final int BIT_FIELDS = 3;

    private static final int[] MASKS_555 = {0x7c00, 0x3e0, 0x1f};
    private static final int[] MASKS_888 = {0xff0000, 0xff00, 0xff};

    private final ByteBuffer in;
    private final int width;
    private final int height;
    private final int headerBytes;
    private final boolean topDown;
    private final int bits;
    private final int compression;

    private BmpDecoder(byte[] bytes, PictureHeader header) {
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.width = header.width();
        this.height = header.height();
        this.headerBytes = in.getInt(FILE_HEADER_BYTES);
        boolean small = headerBytes == OS2_HEADER_BYTES;
        if (!small && headerBytes < PLAIN_HEADER_BYTES) {
            throw new PictureException(Reason.UNSUPPORTED, "a BMP with a header of " + headerBytes + " bytes");
        }
        this.topDown = !small && in.getInt(22) < 0;
        this.bits = in.getShort(small ? 24 : 28);
        this.compression = small ? PLAIN : in.getInt(30);
    }

    static Picture decode(byte[] bytes, PictureHeader header) {
        try {
            return new BmpDecoder(bytes, header).decode();
        } catch (IndexOutOfBoundsException e) {
            throw new PictureException(Reason.TRUNCATED, "the BMP ends before its last pixel", e);
        }
    }

    private Picture decode() {
        byte[] rgb;
        if (compression == PLAIN && (bits == 1 || bits == 4 || bits == 8)) {
            rgb = coloured(indices());
        } else if ((compression == RUNS_OF_BYTES && bits == 8) || (compression == RUNS_OF_NIBBLES && bits == 4)) {
            rgb = coloured(runs());
        } else if (compression == PLAIN && (bits == 16 || bits == 24 || bits == 32)) {
            rgb = channels(bits == 16 ? MASKS_555 : MASKS_888);
        } else if (compression == BIT_FIELDS && (bits == 16 || bits == 24 || bits == 32)) {
            rgb = channels(storedMasks());
        } else {
            throw new PictureException(
                    Reason.UNSUPPORTED, "a BMP of " + bits + " bits per pixel, compression " + compression);
        }
        return new Picture(width, height, rgb);
    }

    /** Where the pixels of a row, counted from the top, begin. */
    private int row(int y) {
        long rowBytes = ((long) width * bits + 31) / 32 * 4;
        long at = pixels() + (topDown ? y : height - 1 - y) * rowBytes;
        if (at < 0 || at + rowBytes > in.capacity()) {
            throw new PictureException(Reason.TRUNCATED, "the BMP ends before its last pixel");
        }
        return (int) at;
    }

    private int pixels() {
        return in.getInt(10);
    }

    private byte[] indices() {
        // The bottom row of a picture stored from below, the first in the file, cannot vouch for the others.
        row(topDown ? height - 1 : 0);
        byte[] indices = new byte[Math.multiplyExact(width, height)];
        int mask = (1 << bits) - 1;
        for (int y = 0; y < height; y++) {
            int row = row(y);
            for (int x = 0; x < width; x++) {
                int firstBit = x * bits;
                int shift = 8 - bits - (firstBit & 7);
                indices[y * width + x] = (byte) ((in.get(row + (firstBit >> 3)) >> shift) & mask);
            }
        }
        return indices;
    }

    private byte[] channels(int[] masks) {
        row(topDown ? height - 1 : 0);
        byte[] rgb = new byte[Math.multiplyExact(Math.multiplyExact(width, height), 3)];
        int pixelBytes = bits / 8;
        int target = 0;
        for (int y = 0; y < height; y++) {
            int row = row(y);
            for (int x = 0; x < width; x++) {
                int pixel = pixel(row + x * pixelBytes, pixelBytes);
                for (int mask : masks) {
                    rgb[target++] = channel(pixel, mask);
                }
            }
        }
        return rgb;
    }

    private int pixel(int at, int pixelBytes) {
        int pixel = 0;
        for (int i = 0; i < pixelBytes; i++) {
            pixel |= (in.get(at + i) & 0xff) << (8 * i);
        }
        return pixel;
    }

    private static byte channel(int pixel, int mask) {
        int shift = Integer.numberOfTrailingZeros(mask);
        long most = Integer.toUnsignedLong(mask >>> shift);
        long value = Integer.toUnsignedLong((pixel & mask) >>> shift);
        return (byte) (value * 255 / most);
    }

    private int[] storedMasks() {
        int[] masks = {in.getInt(54), in.getInt(58), in.getInt(62)};
        for (int mask : masks) {
            if (mask == 0) {
                throw new PictureException(Reason.UNSUPPORTED, "a BMP with an empty bit field");
            }
        }
        return masks;
    }

    /** Indices from run lengths; what the runs leave out has index 0. */
    private byte[] runs() {
        byte[] indices = new byte[Math.multiplyExact(width, height)];
        int at = pixels();
        int x = 0;
        int row = 0;
        while (row < height) {
            int count = in.get(at) & 0xff;
            int value = in.get(at + 1) & 0xff;
            at += 2;
            if (count > 0) {
                for (int i = 0; i < count; i++) {
                    set(indices, x++, row, bits == 8 ? value : nibble(value, i));
                }
            } else if (value == 0) {
                x = 0;
                row++;
            } else if (value == 1) {
                break;
            } else if (value == 2) {
                x += in.get(at) & 0xff;
                row += in.get(at + 1) & 0xff;
                at += 2;
            } else {
                for (int i = 0; i < value; i++) {
                    int packed = in.get(bits == 8 ? at + i : at + i / 2) & 0xff;
                    set(indices, x++, row, bits == 8 ? packed : nibble(packed, i));
                }
                int bytes = bits == 8 ? value : (value + 1) / 2;
                at += bytes + (bytes & 1);
            }
        }
        return indices;
    }

    private static int nibble(int value, int i) {
        return (i & 1) == 0 ? value >> 4 : value & 0xf;
    }

    private void set(byte[] indices, int x, int row, int index) {
        if (x < width) {
            int y = topDown ? row : height - 1 - row;
            indices[y * width + x] = (byte) index;
        }
    }

    private byte[] coloured(byte[] indices) {
        byte[] colours = colours();
        byte[] rgb = new byte[Math.multiplyExact(indices.length, 3)];
        for (int i = 0; i < indices.length; i++) {
            System.arraycopy(colours, 3 * (indices[i] & 0xff), rgb, 3 * i, 3);
        }
        return rgb;
    }

    /** 256 colours, RGB; black where the palette ends. */
    private byte[] colours() {
        boolean small = headerBytes == OS2_HEADER_BYTES;
        int said = small ? 0 : in.getInt(46);
        int count = said < 1 || said > 1 << bits ? 1 << bits : said;
        byte[] colours = new byte[3 * 256];
        int at = FILE_HEADER_BYTES + headerBytes;
        for (int i = 0; i < count; i++) {
            for (int channel = 0; channel < 3; channel++) {
                colours[3 * i + channel] = in.get(at + 2 - channel);
            }
            at += small ? 3 : 4;
        }
        return colours;
    }
}
