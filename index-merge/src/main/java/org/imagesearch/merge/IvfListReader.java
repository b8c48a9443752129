package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.imagesearch.core.ImageSearchException;

/**
 * The inverted lists of a Faiss file, one after the other from the first to the last, whatever the codes in them mean. Holds
 * a few kilobytes, not the centroids, so that very many files can be read side by side. The file must have been opened as an
 * index before, which checks its lengths. One thread at a time.
 */
final class IvfListReader implements Closeable {
    private static final int SIZES_AT_ONCE = 1024;

    private final IvfHead head;
    private final FileChannel channel;
    private final boolean sparse;

    private final ByteBuffer sizes =
            ByteBuffer.allocate(SIZES_AT_ONCE * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private long sizesOffset;
    private long sizesLeft;

    private int list = -1;
    private long size;
    private long offset;
    private int sparseList = -1;
    private long sparseSize;

    /** @throws ImageSearchException (data) naming the file, if it has another head */
    IvfListReader(Path file, IvfHead head) throws IOException {
        this.head = head;
        this.channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            head.requireIn(file, channel);
            ByteBuffer form = IvfHead.read(channel, head.bytes() + IvfHead.LISTS_BYTES, 4 + Long.BYTES);
            this.sparse = IvfHead.tag(form).equals("sprs");
            this.sizesLeft = form.getLong();
            this.sizesOffset = head.bytes() + IvfHead.LISTS_BYTES + 4 + Long.BYTES;
            this.offset = sizesOffset + sizesLeft * Long.BYTES;
            sizes.limit(0);
            if (sparse) {
                nextPair();
            }
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /** Goes on to the next list, of {@code nlist}. */
    void next() throws IOException {
        offset += size * (head.codeBytes() + Long.BYTES);
        list++;
        if (!sparse) {
            size = nextSize();
        } else if (list == sparseList) {
            size = sparseSize;
            nextPair();
        } else {
            size = 0;
        }
    }

    /** The ids of the list. */
    long[] ids() throws IOException {
        long[] ids = new long[Math.toIntExact(size)];
        long from = offset + size * head.codeBytes();
        for (int done = 0; done < ids.length; ) {
            int count = Math.min(ids.length - done, 1 << 16);
            IvfHead.read(channel, from + (long) done * Long.BYTES, count * Long.BYTES)
                    .asLongBuffer()
                    .get(ids, done, count);
            done += count;
        }
        return ids;
    }

    /** Appends the codes of places {@code from} to {@code to - 1} of the list to a file. */
    void copyCodes(int from, int to, FileChannel target) throws IOException {
        long begin = offset + (long) from * head.codeBytes();
        long end = offset + (long) to * head.codeBytes();
        while (begin < end) {
            begin += channel.transferTo(begin, end - begin, target);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void nextPair() throws IOException {
        if (sizesLeft >= 2) {
            sparseList = Math.toIntExact(nextSize());
            sparseSize = nextSize();
        } else {
            sparseList = -1;
        }
    }

    private long nextSize() throws IOException {
        if (!sizes.hasRemaining()) {
            int count = (int) Math.min(SIZES_AT_ONCE, sizesLeft);
            sizes.clear()
                    .put(IvfHead.read(channel, sizesOffset, count * Long.BYTES))
                    .flip();
            sizesOffset += (long) count * Long.BYTES;
        }
        sizesLeft--;
        return sizes.getLong();
    }
}
