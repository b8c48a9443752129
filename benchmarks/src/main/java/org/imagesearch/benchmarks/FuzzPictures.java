package org.imagesearch.benchmarks;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;

/** Pictures that were damaged: anywhere, or where their formats say how large they are and what follows. */
final class FuzzPictures {
    private static final int HEADER_BYTES = 64;
    private static final int MOST_REPEATS = 2000;

    /** Larger ones would be refused unread. */
    private static final int MOST_BYTES = 4 << 20;

    private static final int PNG_SIGNATURE_BYTES = 8;
    private static final int[] SIZES = {0, 1, 0x7F, 0xFF, 0x100, 0x4000, 0x7FFF, 0xFFFF, 0x1000000, 0x7FFFFFFF, -1};

    private final List<byte[]> whole;

    FuzzPictures(List<Path> files) throws IOException {
        whole = new ArrayList<>();
        for (Path file : files) {
            whole.add(Files.readAllBytes(file));
        }
    }

    /** A picture as it is. */
    byte[] any(Random random) {
        return FuzzRequests.pick(random, whole);
    }

    byte[] mutated(Random random) {
        byte[] picture = any(random);
        byte[] changed =
                switch (random.nextInt(8)) {
                    case 0 -> Arrays.copyOf(picture, random.nextInt(picture.length));
                    case 1 -> withOther(random, picture);
                    case 2 -> lying(random, picture);
                    case 3, 4 -> reordered(random, picture);
                    case 5 -> manyBitsFlipped(random, picture);
                    default -> FuzzBytes.mutated(random, picture);
                };
        return changed.length > MOST_BYTES ? Arrays.copyOf(changed, MOST_BYTES) : changed;
    }

    /** The begin of one picture, or a piece of its middle, and another. */
    private byte[] withOther(Random random, byte[] picture) {
        byte[] other = any(random);
        int from = random.nextInt(picture.length);
        int end = from + random.nextInt(picture.length - from + 1);
        int otherFrom = random.nextInt(other.length);
        return FuzzBytes.spliced(
                picture, from, end, other, otherFrom, otherFrom + random.nextInt(other.length - otherFrom + 1));
    }

    private static byte[] manyBitsFlipped(Random random, byte[] picture) {
        byte[] changed = picture.clone();
        for (int i = 1 + random.nextInt(1 + picture.length / 20); i > 0; i--) {
            changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return changed;
    }

    /** A size in the head that is not so. */
    private static byte[] lying(Random random, byte[] picture) {
        byte[] changed = picture.clone();
        int value = SIZES[random.nextInt(SIZES.length)];
        int bytes = 1 << random.nextInt(3);
        int place = sizePlace(random, changed);
        boolean bigEndian = random.nextBoolean();
        for (int i = 0; i < bytes && place + i < changed.length; i++) {
            changed[place + i] = (byte) (value >>> (8 * (bigEndian ? bytes - 1 - i : i)));
        }
        return isPng(changed) ? withRightSums(changed) : changed;
    }

    /** Behind a JPEG's start of frame, or anywhere in the first bytes. */
    private static int sizePlace(Random random, byte[] picture) {
        for (int i = 2; i + 9 < picture.length && isJpeg(picture); i++) {
            int marker = picture[i + 1] & 0xFF;
            if ((picture[i] & 0xFF) == 0xFF && marker >= 0xC0 && marker <= 0xC2) {
                return i + 2 + random.nextInt(8);
            }
        }
        return random.nextInt(Math.min(HEADER_BYTES, picture.length));
    }

    /** Parts of the file doubled, many times over, left out, or in another order. */
    private static byte[] reordered(Random random, byte[] picture) {
        List<byte[]> parts = parts(picture);
        int which = random.nextInt(parts.size());
        switch (random.nextInt(4)) {
            case 0 -> parts.remove(which);
            case 1 -> parts.add(random.nextInt(parts.size()), parts.get(which));
            case 2 -> Collections.swap(parts, which, random.nextInt(parts.size()));
            default -> {
                byte[] part = parts.get(which);
                int repeats = 1 + random.nextInt(MOST_REPEATS);
                for (int i = 0; i < repeats && (long) i * part.length < MOST_BYTES; i++) {
                    parts.add(which, part);
                }
            }
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        parts.forEach(out::writeBytes);
        return out.toByteArray();
    }

    /** Segments of a JPEG, chunks of a PNG, pieces of something else. */
    private static List<byte[]> parts(byte[] picture) {
        List<byte[]> parts = new ArrayList<>();
        int begin = 0;
        while (begin < picture.length) {
            int length = isJpeg(picture)
                    ? jpegSegment(picture, begin)
                    : isPng(picture) ? pngChunk(picture, begin) : picture.length / 8 + 1;
            int end = (int) Math.min(picture.length, (long) begin + Math.max(1, length));
            parts.add(Arrays.copyOfRange(picture, begin, end));
            begin = end;
        }
        return parts;
    }

    private static int jpegSegment(byte[] picture, int begin) {
        if (begin == 0) {
            return 2;
        }
        if (begin + 4 > picture.length || (picture[begin] & 0xFF) != 0xFF) {
            return picture.length;
        }
        int length = 2 + ((picture[begin + 2] & 0xFF) << 8 | (picture[begin + 3] & 0xFF));
        boolean scan = (picture[begin + 1] & 0xFF) == 0xDA;
        int end = begin + length;
        // What is between a start of scan and the next marker belongs to it.
        while (scan && end + 1 < picture.length && !((picture[end] & 0xFF) == 0xFF && isMarker(picture[end + 1]))) {
            end++;
        }
        return end - begin;
    }

    private static boolean isMarker(byte value) {
        int marker = value & 0xFF;
        return marker != 0 && (marker < 0xD0 || marker > 0xD7);
    }

    private static int pngChunk(byte[] picture, int begin) {
        if (begin == 0) {
            return PNG_SIGNATURE_BYTES;
        }
        if (begin + 12 > picture.length) {
            return picture.length;
        }
        int length = ByteBuffer.wrap(picture).getInt(begin);
        return length < 0 || length > picture.length ? picture.length : 12 + length;
    }

    private static byte[] withRightSums(byte[] png) {
        ByteBuffer buffer = ByteBuffer.wrap(png);
        int begin = PNG_SIGNATURE_BYTES;
        while (begin + 12 <= png.length) {
            int length = buffer.getInt(begin);
            if (length < 0 || length > png.length - begin - 12) {
                break;
            }
            CRC32 sum = new CRC32();
            sum.update(png, begin + 4, length + 4);
            buffer.putInt(begin + 8 + length, (int) sum.getValue());
            begin += 12 + length;
        }
        return png;
    }

    private static boolean isJpeg(byte[] picture) {
        return picture.length > 2 && (picture[0] & 0xFF) == 0xFF && (picture[1] & 0xFF) == 0xD8;
    }

    private static boolean isPng(byte[] picture) {
        return picture.length > PNG_SIGNATURE_BYTES && (picture[0] & 0xFF) == 0x89 && picture[1] == 'P';
    }
}
