package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Optional;
import org.imagesearch.faiss.RefinementFile;

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
 * A refinement store beside it gets the finer vectors in the same order.
 *
 * <p>Holds the buffer, a run of {@value #RUN_BYTES} bytes and 20 bytes per list. One thread at a time.
 */
final class IvfPlacement implements Closeable {
    private static final int RUN_BYTES = 256 << 10;

    /** A refinement store to be written: a file that does not exist yet, and its layout, whose count does not matter. */
    record Refinement(Path file, RefinementFile layout) {}

    private final FileChannel channel;
    private final int codeBytes;
    /** Of the refinement store; null, and 0, if there is none. */
    private final FileChannel finerChannel;

    private final int finerBytes;

    private final long[] sizes;
    /** Where the lists begin. */
    private final long listsOffset;
    /** Vectors in all lists before each. */
    private final long[] before;
    /** Vectors of each list that are written, and of each list that wait. */
    private final long[] written;

    private final int[] waitingInList;

    private final byte[] codes;
    private final byte[] finerCodes;
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
    IvfPlacement(Path file, IvfHead head, long[] sizes, Optional<Refinement> refinement, int bufferBytes)
            throws IOException {
        this.codeBytes = head.codeBytes();
        this.finerBytes = refinement.map(finer -> finer.layout().vectorBytes()).orElse(0);
        this.sizes = sizes;
        this.before = new long[sizes.length];
        this.written = new long[sizes.length];
        this.waitingInList = new int[sizes.length + 1];
        int capacity = Math.max(1, bufferBytes / (codeBytes + finerBytes + Long.BYTES + 2 * Integer.BYTES));
        this.codes = new byte[Math.multiplyExact(capacity, codeBytes)];
        this.finerCodes = new byte[Math.multiplyExact(capacity, finerBytes)];
        this.ids = new long[capacity];
        this.lists = new int[capacity];
        this.order = new int[capacity];
        this.run = ByteBuffer.allocateDirect(Math.max(RUN_BYTES, Math.max(codeBytes, finerBytes)))
                .order(ByteOrder.LITTLE_ENDIAN);
        this.channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        FileChannel finer = null;
        try {
            head.copyTo(channel);
            this.listsOffset = writeSizes(head);
            long count = countBefore();
            run.putLong(count);
            writeRun(channel, IvfHead.COUNT_OFFSET);
            if (refinement.isPresent()) {
                RefinementFile layout = refinement.get().layout();
                finer = FileChannel.open(
                        refinement.get().file(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                run.put(new RefinementFile(layout.codec(), layout.dimension(), layout.candidatesPerHit(), count)
                        .header());
                writeRun(finer, 0);
            }
        } catch (IOException | RuntimeException e) {
            closeBoth(channel, finer);
            throw e;
        }
        this.finerChannel = finer;
    }

    private long writeSizes(IvfHead head) throws IOException {
        run.put(new byte[] {'i', 'l', 'a', 'r'}).putLong(head.nlist()).putLong(codeBytes);
        run.put(new byte[] {'f', 'u', 'l', 'l'}).putLong(head.nlist());
        long at = head.bytes();
        for (long size : sizes) {
            if (run.remaining() < Long.BYTES) {
                at += writeRun(channel, at);
            }
            run.putLong(size);
        }
        return at + writeRun(channel, at);
    }

    private long countBefore() {
        long count = 0;
        for (int list = 0; list < sizes.length; list++) {
            before[list] = count;
            count += sizes[list];
        }
        return count;
    }

    /**
     * Adds a vector.
     *
     * @param encoded codes of vectors, one after the other
     * @param finer what the refinement store holds of them, if there is one
     * @param row which of them it is
     */
    void add(int list, long id, byte[] encoded, byte[] finer, int row) throws IOException {
        if (waiting == ids.length) {
            writeWaiting();
        }
        System.arraycopy(encoded, row * codeBytes, codes, waiting * codeBytes, codeBytes);
        System.arraycopy(finer, row * finerBytes, finerCodes, waiting * finerBytes, finerBytes);
        ids[waiting] = id;
        lists[waiting] = list;
        waiting++;
    }

    /**
     * Writes what waits and makes the files durable.
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
        if (finerChannel != null) {
            finerChannel.force(true);
        }
        close();
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
            long first = before[list] + written[list];
            long listOffset = listsOffset + before[list] * (codeBytes + Long.BYTES);
            writeCodes(channel, listOffset + written[list] * codeBytes, codes, codeBytes, begin, end);
            writeIds(listOffset + sizes[list] * codeBytes + written[list] * Long.BYTES, begin, end);
            if (finerChannel != null) {
                long at = RefinementFile.HEADER_BYTES + first * finerBytes;
                writeCodes(finerChannel, at, finerCodes, finerBytes, begin, end);
            }
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

    private void writeCodes(FileChannel target, long from, byte[] source, int bytes, int begin, int end)
            throws IOException {
        long at = from;
        for (int i = begin; i < end; i++) {
            if (run.remaining() < bytes) {
                at += writeRun(target, at);
            }
            run.put(source, order[i] * bytes, bytes);
        }
        writeRun(target, at);
    }

    private void writeIds(long from, int begin, int end) throws IOException {
        long at = from;
        for (int i = begin; i < end; i++) {
            if (run.remaining() < Long.BYTES) {
                at += writeRun(channel, at);
            }
            run.putLong(ids[order[i]]);
        }
        writeRun(channel, at);
    }

    private int writeRun(FileChannel target, long at) throws IOException {
        run.flip();
        int length = run.limit();
        while (run.hasRemaining()) {
            target.write(run, at + run.position());
        }
        run.clear();
        return length;
    }

    /** Gives the files up if they were not finished. */
    @Override
    public void close() throws IOException {
        closeBoth(channel, finerChannel);
    }

    private static void closeBoth(FileChannel channel, FileChannel finer) throws IOException {
        try (channel) {
            if (finer != null) {
                finer.close();
            }
        }
    }
}
