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
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * Writes a Faiss IVFFlat file from vectors that come in the order of their inverted lists, so that a shard of any size
 * takes no more memory than its centroids and the ids of one list.
 *
 * <p>Everything up to the inverted lists (header, coarse quantizer, direct map) is copied from the trained, empty index
 * that Faiss itself wrote; only the count of vectors in it is changed. What follows, little endian
 * (faiss/impl/index_write.cpp, {@code write_InvertedLists}):
 *
 * <pre>
 * "ilar"  nlist u64  code size u64  "full"  nlist u64  size of each list u64 * nlist
 * of each list: vectors f32 * dimension * size, then ids i64 * size
 * </pre>
 *
 * The sizes are filled in at the end. One thread at a time.
 */
final class IvfFileWriter implements Closeable {
    private static final int BUFFER_BYTES = 1 << 20;

    /** Type, dimension: what stands before the count of vectors. */
    private static final int COUNT_OFFSET = 8;

    private static final int INDEX_HEADER_BYTES = 4 + 4 + 8 + 16 + 1 + 4;

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
     * @param trained a trained IVFFlat index without vectors, as Faiss wrote it
     */
    IvfFileWriter(Path file, Path trained, int dimension, int nlist) throws IOException {
        vectorBytes = dimension * Float.BYTES;
        sizes = new long[nlist];
        channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            sizesOffset = writeHead(trained, dimension, nlist);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private long writeHead(Path trained, int dimension, int nlist) throws IOException {
        long headBytes = headBytes(dimension, nlist);
        try (FileChannel source = FileChannel.open(trained, StandardOpenOption.READ)) {
            ByteBuffer start = read(source, 0, COUNT_OFFSET).order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer lists = read(source, headBytes, 4 + 8 + 8).order(ByteOrder.LITTLE_ENDIAN);
            boolean expected = tag(start).equals("IwFl")
                    && start.getInt() == dimension
                    && tag(lists).equals("ilar")
                    && lists.getLong() == nlist
                    && lists.getLong() == vectorBytes;
            if (!expected) {
                throw new ImageSearchException(
                        ErrorCode.INTERNAL,
                        trained + " is not laid out as an IVFFlat index of " + nlist + " lists and " + dimension
                                + " dimensions: this Faiss writes another format");
            }
            for (long done = 0; done < headBytes; ) {
                done += source.transferTo(done, headBytes - done, channel);
            }
        }
        put("ilar".getBytes(StandardCharsets.US_ASCII));
        buffer.putLong(nlist).putLong(vectorBytes);
        put("full".getBytes(StandardCharsets.US_ASCII));
        buffer.putLong(nlist);
        flush();
        long offset = channel.position();
        writeLongs(sizes, nlist);
        return offset;
    }

    /** Header, nlist and nprobe; the flat coarse quantizer: its header, the count of its floats, the floats; the direct map. */
    private static long headBytes(int dimension, int nlist) {
        long quantizer = INDEX_HEADER_BYTES + 8 + 4L * dimension * nlist;
        return INDEX_HEADER_BYTES + 8 + 8 + quantizer + 1 + 8;
    }

    /**
     * Adds a vector.
     *
     * @param toList its inverted list, not before that of the previous one
     * @param vector bytes that begin with the vector's floats, little endian
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

    /** Writes what is left, fills in the sizes and makes the file durable. */
    void finish() throws IOException {
        endList();
        flush();
        channel.position(sizesOffset);
        writeLongs(sizes, sizes.length);
        channel.position(COUNT_OFFSET);
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

    private static ByteBuffer read(FileChannel source, long from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (source.read(bytes, from + bytes.position()) < 0) {
                // Zeros fail the comparison that follows.
                break;
            }
        }
        return bytes.position(length).flip();
    }

    private static String tag(ByteBuffer bytes) {
        byte[] tag = new byte[4];
        bytes.get(tag);
        return new String(tag, StandardCharsets.US_ASCII);
    }
}
