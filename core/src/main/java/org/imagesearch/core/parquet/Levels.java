package org.imagesearch.core.parquet;

/**
 * Checks levels of a page as they are packed, a run at a time: whether they are what a column of lists of one length without
 * nulls has. Source of the layout: Parquet's specification of encodings, "Run Length Encoding / Bit-Packing Hybrid".
 */
final class Levels {
    private final byte[] bytes;
    private final int end;
    private int at;

    private Levels(byte[] bytes, int from, int length) {
        this.bytes = bytes;
        this.at = from;
        this.end = from + length;
    }

    /** Whether {@code count} levels of {@code width} bits are all the same one. */
    static boolean areAll(int level, int width, byte[] bytes, int from, int length, int count) {
        Levels levels = new Levels(bytes, from, length);
        int left = count;
        while (left > 0) {
            long run = levels.varint();
            if (run < 0) {
                return false;
            }
            int size;
            if ((run & 1) == 0) {
                size = (int) Math.min(run >>> 1, left);
                if (size == 0 || levels.value(width) != level) {
                    return false;
                }
            } else {
                long values = (run >>> 1) * 8;
                size = (int) Math.min(values, left);
                if (size == 0 || !levels.packedAre(level, width, size)) {
                    return false;
                }
                levels.at += (int) (Math.min(values, levels.end * 8L) * width / 8);
            }
            left -= size;
        }
        return true;
    }

    /**
     * Whether {@code count} repetition levels of one bit begin a list at every {@code dimension}-th place and nowhere else.
     *
     * @param place of the first one in its list, 0 to dimension - 1
     */
    static boolean areListsOf(int dimension, int place, byte[] bytes, int from, int length, int count) {
        Levels levels = new Levels(bytes, from, length);
        int left = count;
        int next = place;
        while (left > 0) {
            long run = levels.varint();
            if (run < 0) {
                return false;
            }
            if ((run & 1) == 0) {
                int size = (int) Math.min(run >>> 1, left);
                int level = levels.value(1);
                boolean fits = level == 1
                        ? next > 0 && size <= dimension - next
                        : level == 0 && next == 0 && (size == 1 || dimension == 1);
                if (size == 0 || !fits) {
                    return false;
                }
                next = (int) ((next + (long) size) % dimension);
                left -= size;
            } else {
                for (long group = run >>> 1; group > 0 && left > 0; group--) {
                    if (levels.at >= levels.end) {
                        return false;
                    }
                    int packed = levels.bytes[levels.at++] & 0xff;
                    int size = Math.min(8, left);
                    for (int i = 0; i < size; i++) {
                        if ((packed >>> i & 1) != (next == 0 ? 0 : 1)) {
                            return false;
                        }
                        next = next + 1 == dimension ? 0 : next + 1;
                    }
                    left -= size;
                }
            }
        }
        return true;
    }

    private boolean packedAre(int level, int width, int count) {
        for (int i = 0; i < count; i++) {
            int found = 0;
            for (int bit = 0; bit < width; bit++) {
                long place = (long) i * width + bit;
                long index = at + place / 8;
                if (index >= end) {
                    return false;
                }
                found |= (bytes[(int) index] >>> (place % 8) & 1) << bit;
            }
            if (found != level) {
                return false;
            }
        }
        return true;
    }

    /** The value of a run, in whole bytes, little endian; -1 if the bytes have ended. */
    private int value(int width) {
        int value = 0;
        for (int shift = 0; shift < width; shift += 8) {
            if (at >= end) {
                return -1;
            }
            value |= (bytes[at++] & 0xff) << shift;
        }
        return value;
    }

    /** -1 if the bytes have ended or it is longer than 32 bits. */
    private long varint() {
        long value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            if (at >= end) {
                return -1;
            }
            byte next = bytes[at++];
            value |= (next & 0x7fL) << shift;
            if (next >= 0) {
                return value > 0xffffffffL ? -1 : value;
            }
        }
        return -1;
    }
}
