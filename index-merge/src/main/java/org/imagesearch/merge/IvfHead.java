package org.imagesearch.merge;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.imagesearch.core.ImageSearchException;

/**
 * What stands before the inverted lists in a Faiss IVF file of any kind: header, coarse quantizer, what the codes need. It is
 * the same in all shards of a generation but for the count of vectors, and is taken from the trained index without vectors,
 * in which only this follows, little endian (faiss/impl/index_write.cpp, {@code write_InvertedLists}):
 *
 * <pre>
 * "ilar"  nlist u64  code size u64  "sprs"  0 u64
 * </pre>
 *
 * @param file the trained index
 * @param bytes length of the head
 * @param nlist inverted lists
 * @param codeBytes bytes of a vector in them
 */
record IvfHead(Path file, long bytes, int nlist, int codeBytes) {
    /** Where the count of vectors stands, i64: behind the type and the dimension. */
    static final int COUNT_OFFSET = 8;

    /** "ilar", nlist, code size. */
    static final int LISTS_BYTES = 4 + 8 + 8;

    private static final int EMPTY_SIZES_BYTES = 4 + 8;
    private static final int COMPARED_BYTES = 1 << 16;

    /**
     * @param trained the index without vectors, as Faiss wrote it
     * @throws ImageSearchException (data) naming the file, if it does not end as such a file does
     */
    static IvfHead of(Path trained) throws IOException {
        try (FileChannel channel = FileChannel.open(trained, StandardOpenOption.READ)) {
            long bytes = channel.size() - LISTS_BYTES - EMPTY_SIZES_BYTES;
            ByteBuffer end = bytes < COUNT_OFFSET + 8 ? null : read(channel, bytes, LISTS_BYTES + EMPTY_SIZES_BYTES);
            if (end != null && tag(end).equals("ilar")) {
                long nlist = end.getLong();
                long codeBytes = end.getLong();
                if (nlist > 0
                        && nlist <= Integer.MAX_VALUE
                        && codeBytes > 0
                        && codeBytes <= 1 << 20
                        && tag(end).equals("sprs")
                        && end.getLong() == 0) {
                    return new IvfHead(trained, bytes, (int) nlist, (int) codeBytes);
                }
            }
            throw ImageSearchException.data("%s is no trained IVF index without vectors", trained);
        }
    }

    /** @throws ImageSearchException (data) naming the file, if another head than this stands before its lists */
    void requireIn(Path other, FileChannel channel) throws IOException {
        try (FileChannel own = FileChannel.open(file, StandardOpenOption.READ)) {
            for (long from = 0; from < bytes; from += COMPARED_BYTES) {
                int length = (int) Math.min(COMPARED_BYTES, bytes - from);
                ByteBuffer expected = read(own, from, length);
                ByteBuffer found = read(channel, from, length);
                if (from == 0) {
                    found.putLong(COUNT_OFFSET, expected.getLong(COUNT_OFFSET));
                }
                if (!expected.equals(found)) {
                    throw ImageSearchException.data(
                            "%s has other centroids or another kind of codes than %s", other, file);
                }
            }
        }
        ByteBuffer lists = read(channel, bytes, LISTS_BYTES);
        if (!tag(lists).equals("ilar") || lists.getLong() != nlist || lists.getLong() != codeBytes) {
            throw ImageSearchException.data("%s has no %d lists of %d bytes per vector", other, nlist, codeBytes);
        }
    }

    /** Copies the head to the beginning of a file. */
    void copyTo(FileChannel target) throws IOException {
        try (FileChannel own = FileChannel.open(file, StandardOpenOption.READ)) {
            for (long done = 0; done < bytes; ) {
                done += own.transferTo(done, bytes - done, target);
            }
        }
    }

    /** Bytes at a place of a file; zeros where it has ended. */
    static ByteBuffer read(FileChannel channel, long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes, from + bytes.position()) >= 0) {
            // until it is full or the file ends
        }
        return bytes.position(length).flip();
    }

    static String tag(ByteBuffer bytes) {
        byte[] tag = new byte[4];
        bytes.get(tag);
        return new String(tag, StandardCharsets.US_ASCII);
    }
}
