package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The inverted list of every row of a shard, in the order in which the rows are read: written once, then read once. In memory, 4
 * bytes each, as long as they fit in a bound, else in a temporary file, which is removed at the end. One thread at a time.
 */
final class AssignedLists implements Closeable {
    /** Stands for a row that is not to be written. */
    static final int NONE = -1;

    private static final int BUFFER_BYTES = 64 << 10;

    private final Path file;
    private final FileChannel channel;
    private final ByteBuffer buffer;
    private boolean reading;

    private AssignedLists(Path file, FileChannel channel, ByteBuffer buffer) {
        this.file = file;
        this.channel = channel;
        this.buffer = buffer;
    }

    /**
     * @param rows how many there will be at most
     * @param memory bytes that they may take
     * @param file for those that take more; must not exist
     */
    static AssignedLists create(long rows, long memory, Path file) throws IOException {
        long bytes = rows * Integer.BYTES;
        if (bytes <= Math.min(memory, Integer.MAX_VALUE - 8)) {
            return new AssignedLists(file, null, ByteBuffer.allocate((int) bytes));
        }
        FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        return new AssignedLists(file, channel, ByteBuffer.allocateDirect(BUFFER_BYTES));
    }

    /** Whether they are in a file. */
    boolean isSpilled() {
        return channel != null;
    }

    void add(int list) throws IOException {
        if (channel != null && !buffer.hasRemaining()) {
            writeOut();
        }
        buffer.putInt(list);
    }

    /** From now on they are read, from the first one. */
    void rewind() throws IOException {
        if (channel == null) {
            buffer.flip();
        } else {
            writeOut();
            channel.position(0);
            buffer.limit(0);
        }
        reading = true;
    }

    int next() throws IOException {
        if (!reading) {
            throw new IllegalStateException("lists are still being written");
        }
        if (channel != null && !buffer.hasRemaining()) {
            buffer.clear();
            while (buffer.position() % Integer.BYTES != 0 || buffer.position() == 0) {
                if (channel.read(buffer) < 0) {
                    break;
                }
            }
            buffer.flip();
        }
        return buffer.getInt();
    }

    private void writeOut() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
            Files.deleteIfExists(file);
        }
    }
}
