package org.imagesearch.clip;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.imagesearch.clip.PictureException.Reason;

/**
 * The first frame of a GIF on its canvas. Around the frame, and where it is transparent, shows the colour that the palette
 * holds for it, as in Pillow's {@code convert("RGB")}.
 *
 * <p>Source: GIF89a specification. Stateless and thread-safe.
 */
final class GifDecoder {
    private static final int EXTENSION = 0x21;
    private static final int GRAPHIC_CONTROL = 0xf9;
    private static final int IMAGE = 0x2c;
    private static final int CODES = 1 << 12;
    private static final int[] INTERLACED_START = {0, 4, 2, 1};
    private static final int[] INTERLACED_STEP = {8, 8, 4, 2};

    private final ByteBuffer in;
    private final PictureHeader header;

    private GifDecoder(byte[] bytes, PictureHeader header) {
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.header = header;
    }

    static Picture decode(byte[] bytes, PictureHeader header) {
        try {
            return new GifDecoder(bytes, header).decode();
        } catch (IndexOutOfBoundsException e) {
            throw new PictureException(Reason.TRUNCATED, "the GIF ends inside its first frame", e);
        }
    }

    private Picture decode() {
        int flags = in.get(10);
        int at = 13;
        int palette = at;
        int colours = hasPalette(flags) ? colours(flags) : 0;
        at += 3 * colours;
        int transparent = 0;
        while (unsigned(at) != IMAGE) {
            if (unsigned(at) == EXTENSION) {
                if (unsigned(at + 1) == GRAPHIC_CONTROL && (in.get(at + 3) & 1) == 1) {
                    transparent = unsigned(at + 6);
                }
                at = afterBlocks(at + 2);
            } else {
                // Between blocks stands nothing, or padding that readers agree to skip.
                at++;
            }
        }
        int left = in.getShort(at + 1) & 0xffff;
        int top = in.getShort(at + 3) & 0xffff;
        int width = in.getShort(at + 5) & 0xffff;
        int height = in.getShort(at + 7) & 0xffff;
        flags = in.get(at + 9);
        at += 10;
        if (left + width > header.width() || top + height > header.height()) {
            throw new PictureException(Reason.CORRUPT, "the first frame of the GIF is larger than its canvas");
        }
        if (hasPalette(flags)) {
            palette = at;
            colours = colours(flags);
            at += 3 * colours;
        }
        byte[] indices = new byte[width * height];
        decompress(at, indices);
        byte[] table = table(palette, colours);
        byte[] rgb = new byte[3 * header.width() * header.height()];
        for (int i = 0; i < rgb.length; i += 3) {
            System.arraycopy(table, 3 * transparent, rgb, i, 3);
        }
        boolean interlaced = (flags & 0x40) != 0;
        int pass = 0;
        int row = 0;
        for (int y = 0; y < height; y++) {
            if (interlaced) {
                while (row >= height) {
                    row = INTERLACED_START[++pass];
                }
            }
            int target = 3 * ((top + row) * header.width() + left);
            for (int x = 0; x < width; x++) {
                System.arraycopy(table, 3 * (indices[y * width + x] & 0xff), rgb, target + 3 * x, 3);
            }
            row += interlaced ? INTERLACED_STEP[pass] : 1;
        }
        return new Picture(header.width(), header.height(), rgb);
    }

    private static boolean hasPalette(int flags) {
        return (flags & 0x80) != 0;
    }

    private static int colours(int flags) {
        return 2 << (flags & 7);
    }

    /** 256 colours: the palette, then black; shades of grey where there is no palette. */
    private byte[] table(int palette, int colours) {
        byte[] table = new byte[3 * 256];
        if (colours == 0) {
            for (int i = 0; i < table.length; i++) {
                table[i] = (byte) (i / 3);
            }
        } else {
            in.get(palette, table, 0, 3 * colours);
        }
        return table;
    }

    private int afterBlocks(int at) {
        while (in.get(at) != 0) {
            at += 1 + unsigned(at);
        }
        return at + 1;
    }

    /** Variable-length LZW, its codes cut into blocks. */
    private void decompress(int at, byte[] out) {
        int literalBits = unsigned(at++);
        if (literalBits < 1 || literalBits > 8) {
            throw new PictureException(Reason.CORRUPT, "the GIF has pixels of " + literalBits + " bits");
        }
        int clear = 1 << literalBits;
        int end = clear + 1;
        int next = end + 1;
        int codeBits = literalBits + 1;
        int previous = -1;
        // What a code stands for was written to the output once already: where, and how much of it.
        int[] start = new int[CODES];
        int[] length = new int[CODES];
        int previousStart = 0;
        int written = 0;
        int blockEnd = at;
        int bits = 0;
        int bitCount = 0;
        while (written < out.length) {
            while (bitCount < codeBits) {
                if (at == blockEnd) {
                    int size = unsigned(at++);
                    if (size == 0) {
                        throw new PictureException(Reason.TRUNCATED, "the first frame of the GIF lacks pixels");
                    }
                    blockEnd = at + size;
                }
                bits |= unsigned(at++) << bitCount;
                bitCount += 8;
            }
            int code = bits & ((1 << codeBits) - 1);
            bits >>>= codeBits;
            bitCount -= codeBits;
            if (code == clear) {
                next = end + 1;
                codeBits = literalBits + 1;
                previous = -1;
                continue;
            }
            if (code == end) {
                throw new PictureException(Reason.TRUNCATED, "the first frame of the GIF lacks pixels");
            }
            if (code > next || (code == next && previous < 0)) {
                throw new PictureException(Reason.CORRUPT, "the GIF has a code " + code + " without a meaning");
            }
            int began = written;
            if (previous >= 0 && next < CODES) {
                // The previous string and one more pixel, which is the next one written; it may define this very code.
                start[next] = previousStart;
                length[next] = began - previousStart + 1;
                next++;
                if (next == 1 << codeBits && codeBits < 12) {
                    codeBits++;
                }
            }
            if (code < clear) {
                out[written++] = (byte) code;
            } else {
                int count = Math.min(length[code], out.length - written);
                for (int i = 0; i < count; i++) {
                    out[written++] = out[start[code] + i];
                }
            }
            previous = code;
            previousStart = began;
        }
    }

    private int unsigned(int at) {
        return in.get(at) & 0xff;
    }
}
