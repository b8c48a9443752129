package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Writes a Faiss IVF file from codes that come in the order of their inverted lists, so that a shard of any size
 * takes no more memory than its centroids and the ids of one list.
 *
 * <p>Everything up to the inverted lists (header, coarse quantizer, direct map) is copied from the trained, empty index
 * that Faiss itself wrote; only the count of vectors in it is changed. What follows, little endian
 * (faiss/impl/index_write.cpp, {@code write_InvertedLists}):
 *
 * <pre>
 * "ilar"  nlist u64  code size u64  "full"  nlist u64  size of each list u64 * nlist
 * of each list: codes, code size * size, then ids i64 * size
 * </pre>
 *
 * The sizes are filled in at the end. One thread at a time.
 */
final class IvfFileWriter implements Closeable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final int vectorBytes;
    private final long sizesOffset;
    private final long[] sizes;

    private int list;
    private long[] ids = new long[1024];
    private int idsInList;
    private long count;

    /**
     * @param file a file that does not exist yet
     * @param trained a trained index without vectors, as Faiss wrote it
     */
    IvfFileWriter(Path file, Path trained) throws IOException {
        IvfHead head = IvfHead.of(trained);
        vectorBytes = head.codeBytes();
        sizes = new long[head.nlist()];
        channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            sizesOffset = writeHead(head);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private long writeHead(IvfHead head) throws IOException {
        head.copyTo(channel);
        put("ilar".getBytes(StandardCharsets.US_ASCII));
        buffer.putLong(head.nlist()).putLong(head.codeBytes());
        put("full".getBytes(StandardCharsets.US_ASCII));
        buffer.putLong(head.nlist());
        flush();
        long offset = channel.position();
        writeLongs(sizes, head.nlist());
        return offset;
    }

    /**
     * Adds a vector.
     *
     * @param toList its inverted list, not before that of the previous one
     * @param vector bytes that begin with the vector's code
     */
    void add(int toList, long id, byte[] vector) throws IOException {
        if (toList < list || toList >= sizes.length) {
            throw new IllegalArgumentException("list " + toList + " after list " + list + " of " + sizes.length);
        }
        if (toList > list) {
            endList();
            list = toList;
        }
        reserve(vectorBytes);
        if (vectorBytes <= buffer.capacity()) {
            buffer.put(vector, 0, vectorBytes);
        } else {
            writeFully(ByteBuffer.wrap(vector, 0, vectorBytes));
        }
        if (idsInList == ids.length) {
            ids = Arrays.copyOf(ids, ids.length * 2);
        }
        ids[idsInList++] = id;
        count++;
    }

    /** Bytes of a code. */
    int codeBytes() {
        return vectorBytes;
    }

    /** Writes what is left, fills in the sizes and makes the file durable. */
    void finish() throws IOException {
        endList();
        flush();
        channel.position(sizesOffset);
        writeLongs(sizes, sizes.length);
        channel.position(IvfHead.COUNT_OFFSET);
        buffer.putLong(count);
        flush();
        channel.force(true);
        channel.close();
    }

    /** Gives the file up if it was not finished. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void endList() throws IOException {
        writeLongs(ids, idsInList);
        sizes[list] = idsInList;
        idsInList = 0;
    }

    private void writeLongs(long[] values, int length) throws IOException {
        for (int i = 0; i < length; i++) {
            reserve(Long.BYTES);
            buffer.putLong(values[i]);
        }
        flush();
    }

    private void put(byte[] bytes) throws IOException {
        reserve(bytes.length);
        buffer.put(bytes);
    }

    private void reserve(int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush();
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        writeFully(buffer);
        buffer.clear();
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
