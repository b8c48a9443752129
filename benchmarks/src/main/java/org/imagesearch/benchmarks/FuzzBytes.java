package org.imagesearch.benchmarks;

import java.io.ByteArrayOutputStream;
import java.util.Random;

/** Damage that bytes of any kind take. */
final class FuzzBytes {
    private static final int[] NASTY = {0, 1, 0x0A, 0x0D, 0x22, 0x25, 0x5C, 0x7F, 0x80, 0xC0, 0xED, 0xFE, 0xFF};

    private FuzzBytes() {}

    /** Changed at a few places: bits flipped, bytes replaced, pieces cut out, doubled or put elsewhere, or the end missing. */
    static byte[] mutated(Random random, byte[] bytes) {
        byte[] changed = bytes;
        for (int changes = 1 + random.nextInt(4); changes > 0 && changed.length > 0; changes--) {
            changed = changedOnce(random, changed);
        }
        return changed;
    }

    private static byte[] changedOnce(Random random, byte[] bytes) {
        int from = random.nextInt(bytes.length);
        int end = Math.min(bytes.length, from + 1 + random.nextInt(random.nextInt(4) == 0 ? bytes.length : 16));
        int to = random.nextInt(bytes.length + 1);
        return switch (random.nextInt(6)) {
            case 0 -> with(bytes, from, bytes[from] ^ (1 << random.nextInt(8)));
            case 1 -> with(bytes, from, NASTY[random.nextInt(NASTY.length)]);
            case 2 -> spliced(bytes, from, end, bytes, 0, 0);
            case 3 -> spliced(bytes, to, to, bytes, from, end);
            case 4 ->
                spliced(
                        bytes,
                        from,
                        Math.min(bytes.length, from + (end - from)),
                        bytes,
                        Math.min(from, to),
                        Math.max(from, to));
            default -> spliced(bytes, from, bytes.length, bytes, 0, 0);
        };
    }

    private static byte[] with(byte[] bytes, int place, int value) {
        byte[] changed = bytes.clone();
        changed[place] = (byte) value;
        return changed;
    }

    /** The bytes, with those from {@code from} to {@code end} replaced by a piece of others. */
    static byte[] spliced(byte[] bytes, int from, int end, byte[] others, int othersFrom, int othersEnd) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length + othersEnd - othersFrom);
        out.write(bytes, 0, from);
        out.write(others, othersFrom, othersEnd - othersFrom);
        out.write(bytes, end, bytes.length - end);
        return out.toByteArray();
    }
}
