package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Writes a Faiss IVF file from vectors in any order, once it is known how many each inverted list gets: every vector goes
 * straight to its final place. Vectors wait in a bounded buffer until it is full, and are then written list by list, those of
 * a list in the order in which they came, so that a few thousand of them take as many writes as there are lists.
 *
 * <p>Everything up to the inverted lists is copied from the trained, empty index ({@link IvfHead}); only the count of vectors
 * in it is changed. What follows, little endian (faiss/impl/index_write.cpp, {@code write_InvertedLists}):
 *
 * <pre>
 * "ilar"  nlist u64  code size u64  "full"  nlist u64  size of each list u64 * nlist
 * of each list: codes u8 * code size * size, then ids i64 * size
 * </pre>
 *
 * Holds the buffer, a run of {@value #RUN_BYTES} bytes and 20 bytes per list. One thread at a time.
 */
final class IvfPlacement implements Closeable {
    private static final int RUN_BYTES = 256 << 10;

    private final FileChannel channel;
    private final int codeBytes;
    private final long[] sizes;
    /** Where the codes of each list begin. */
    private final long[] begins;
    /** Vectors of each list that are written, and of each list that wait. */
    private final long[] written;

    private final int[] waitingInList;

    private final byte[] codes;
    private final long[] ids;
    private final int[] lists;
    private final int[] order;
    private int waiting;
    private final ByteBuffer run;

    /**
     * @param file a file that does not exist yet
     * @param sizes vectors of each inverted list
     * @param bufferBytes what the waiting vectors may take
     */
    IvfPlacement(Path file, IvfHead head, long[] sizes, int bufferBytes) throws IOException {
        this.codeBytes = head.codeBytes();
        this.sizes = sizes;
        this.begins = new long[sizes.length];
        this.written = new long[sizes.length];
        this.waitingInList = new int[sizes.length + 1];
        int capacity = Math.max(1, bufferBytes / (codeBytes + Long.BYTES + 2 * Integer.BYTES));
        this.codes = new byte[Math.multiplyExact(capacity, codeBytes)];
        this.ids = new long[capacity];
        this.lists = new int[capacity];
        this.order = new int[capacity];
        this.run = ByteBuffer.allocateDirect(Math.max(RUN_BYTES, codeBytes)).order(ByteOrder.LITTLE_ENDIAN);
        this.channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            head.copyTo(channel);
            long total = writeSizes(head);
            channel.write(
                    ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(0, total),
                    IvfHead.COUNT_OFFSET);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private long writeSizes(IvfHead head) throws IOException {
        run.put(new byte[] {'i', 'l', 'a', 'r'}).putLong(head.nlist()).putLong(codeBytes);
        run.put(new byte[] {'f', 'u', 'l', 'l'}).putLong(head.nlist());
        long at = head.bytes();
        long total = 0;
        for (long size : sizes) {
            if (run.remaining() < Long.BYTES) {
                at += writeRun(at);
            }
            run.putLong(size);
            total += size;
        }
        at += writeRun(at);
        for (int list = 0; list < sizes.length; list++) {
            begins[list] = at;
            at += sizes[list] * (codeBytes + Long.BYTES);
        }
        return total;
    }

    /**
     * Adds a vector.
     *
     * @param from where its code begins in {@code source}
     */
    void add(int list, long id, byte[] source, int from) throws IOException {
        if (waiting == ids.length) {
            writeWaiting();
        }
        System.arraycopy(source, from, codes, waiting * codeBytes, codeBytes);
        ids[waiting] = id;
        lists[waiting] = list;
        waiting++;
    }

    /**
     * Writes what waits and makes the file durable.
     *
     * @throws IllegalStateException if a list did not get as many vectors as it should
     */
    void finish() throws IOException {
        writeWaiting();
        for (int list = 0; list < sizes.length; list++) {
            if (written[list] != sizes[list]) {
                throw new IllegalStateException(
                        "list " + list + " got " + written[list] + " vectors, expected " + sizes[list]);
            }
        }
        channel.force(true);
        channel.close();
    }

    private void writeWaiting() throws IOException {
        sortByList();
        for (int begin = 0; begin < waiting; ) {
            int list = lists[order[begin]];
            int end = begin + 1;
            while (end < waiting && lists[order[end]] == list) {
                end++;
            }
            if (written[list] + end - begin > sizes[list]) {
                throw new IllegalStateException("list " + list + " gets more than " + sizes[list] + " vectors");
            }
            writeCodes(list, begin, end);
            writeIds(list, begin, end);
            written[list] += end - begin;
            begin = end;
        }
        waiting = 0;
    }

    /** By counting, which leaves those of a list in their order. */
    private void sortByList() {
        Arrays.fill(waitingInList, 0);
        for (int i = 0; i < waiting; i++) {
            waitingInList[lists[i] + 1]++;
        }
        for (int list = 0; list < sizes.length; list++) {
            waitingInList[list + 1] += waitingInList[list];
        }
        for (int i = 0; i < waiting; i++) {
            order[waitingInList[lists[i]]++] = i;
        }
    }

    private void writeCodes(int list, int begin, int end) throws IOException {
        long at = begins[list] + written[list] * codeBytes;
        for (int i = begin; i < end; i++) {
            if (run.remaining() < codeBytes) {
                at += writeRun(at);
            }
            run.put(codes, order[i] * codeBytes, codeBytes);
        }
        writeRun(at);
    }

    private void writeIds(int list, int begin, int end) throws IOException {
        long at = begins[list] + sizes[list] * codeBytes + written[list] * Long.BYTES;
        for (int i = begin; i < end; i++) {
            if (run.remaining() < Long.BYTES) {
                at += writeRun(at);
            }
            run.putLong(ids[order[i]]);
        }
        writeRun(at);
    }

    private int writeRun(long at) throws IOException {
        run.flip();
        int length = run.limit();
        while (run.hasRemaining()) {
            channel.write(run, at + run.position());
        }
        run.clear();
        return length;
    }

    /** Gives the file up if it was not finished. */
    @Override
    public void close() throws IOException {
        channel.close();
    }
}
