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
 * Writes a Faiss IVF file from the lists of others, from front to back: the codes of a list from one file after the other, as
 * they are, then its ids. Holds the ids of one list and the sizes of all. One thread at a time.
 */
final class IvfListWriter implements Closeable {
    private static final int LONGS_AT_ONCE = 1 << 13;

    private final FileChannel channel;
    private final IvfHead head;
    private final long[] sizes;
    private final long sizesOffset;

    private int list;
    private long[] ids = new long[1024];
    private int idsInList;
    private long count;

    /** @param file a file that does not exist yet */
    IvfListWriter(Path file, IvfHead head) throws IOException {
        this.head = head;
        this.sizes = new long[head.nlist()];
        this.channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            head.copyTo(channel);
            ByteBuffer lists =
                    ByteBuffer.allocate(IvfHead.LISTS_BYTES + 4 + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            lists.put(new byte[] {'i', 'l', 'a', 'r'}).putLong(head.nlist()).putLong(head.codeBytes());
            lists.put(new byte[] {'f', 'u', 'l', 'l'}).putLong(head.nlist());
            writeFully(lists.flip());
            this.sizesOffset = channel.position();
            writeLongs(sizes, head.nlist());
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /**
     * Appends the vectors of a list of another file to the current list.
     *
     * @param down ids to leave out, ascending
     */
    void append(IvfListReader source, long[] down) throws IOException {
        long[] found = source.ids();
        // Runs of kept vectors are copied in one go.
        int begin = 0;
        for (int place = 0; place <= found.length; place++) {
            if (place == found.length || Arrays.binarySearch(down, found[place]) >= 0) {
                keep(source, found, begin, place);
                begin = place + 1;
            }
        }
    }

    private void keep(IvfListReader source, long[] found, int from, int to) throws IOException {
        if (from == to) {
            return;
        }
        source.copyCodes(from, to, channel);
        if (ids.length < idsInList + to - from) {
            ids = Arrays.copyOf(ids, Math.max(2 * ids.length, Math.addExact(idsInList, to - from)));
        }
        System.arraycopy(found, from, ids, idsInList, to - from);
        idsInList += to - from;
    }

    /** Ends the current list. */
    void endList() throws IOException {
        writeLongs(ids, idsInList);
        sizes[list++] = idsInList;
        count += idsInList;
        idsInList = 0;
    }

    /**
     * Fills in the sizes and makes the file durable, once all lists have ended.
     *
     * @return vectors in the file
     */
    long finish() throws IOException {
        if (list != head.nlist()) {
            throw new IllegalStateException(list + " lists ended, expected " + head.nlist());
        }
        channel.position(sizesOffset);
        writeLongs(sizes, sizes.length);
        channel.position(IvfHead.COUNT_OFFSET);
        writeLongs(new long[] {count}, 1);
        channel.force(true);
        channel.close();
        return count;
    }

    /** Gives the file up if it was not finished. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void writeLongs(long[] values, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.min(length, LONGS_AT_ONCE) * Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < length; ) {
            int part = Math.min(LONGS_AT_ONCE, length - done);
            bytes.clear().limit(part * Long.BYTES);
            bytes.asLongBuffer().put(values, done, part);
            writeFully(bytes);
            done += part;
        }
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
