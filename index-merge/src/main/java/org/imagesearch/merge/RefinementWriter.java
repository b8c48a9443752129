package org.imagesearch.merge;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.imagesearch.faiss.RefinementFile;

/**
 * Writes a refinement store from front to back, in the order in which codes go to the lists of its index. The header, which
 * counts the vectors, is filled in at the end. One thread at a time.
 */
final class RefinementWriter implements Closeable {
    private static final int BUFFER_BYTES = 1 << 20;

    private final FileChannel channel;
    private final RefinementFile layout;
    private final ByteBuffer buffer;
    private long count;

    /**
     * @param file a file that does not exist yet
     * @param layout codec, dimension and candidates; its count does not matter
     */
    RefinementWriter(Path file, RefinementFile layout) throws IOException {
        this.layout = layout;
        this.buffer = ByteBuffer.allocateDirect(Math.max(BUFFER_BYTES, layout.vectorBytes()));
        this.channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try {
            channel.position(RefinementFile.HEADER_BYTES);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
    }

    /** Adds the vector that stands at a place of an array, encoded as the layout's codec does. */
    void add(byte[] from, int place) throws IOException {
        if (buffer.remaining() < layout.vectorBytes()) {
            flush();
        }
        buffer.put(from, place, layout.vectorBytes());
        count++;
    }

    /** Appends vectors {@code from} to {@code to - 1} of another store of the same layout. */
    void copy(FileChannel store, long from, long to) throws IOException {
        flush();
        long begin = RefinementFile.HEADER_BYTES + from * layout.vectorBytes();
        long end = RefinementFile.HEADER_BYTES + to * layout.vectorBytes();
        while (begin < end) {
            long copied = store.transferTo(begin, end - begin, channel);
            if (copied == 0) {
                throw new IOException("a refinement store ended before its vectors did");
            }
            begin += copied;
        }
        count += to - from;
    }

    /** Writes what is left and the header, and makes the file durable. */
    void finish() throws IOException {
        flush();
        channel.position(0);
        writeFully(new RefinementFile(layout.codec(), layout.dimension(), layout.candidatesPerHit(), count).header());
        channel.force(true);
        channel.close();
    }

    /** Gives the file up if it was not finished. */
    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void flush() throws IOException {
        writeFully(buffer.flip());
        buffer.clear();
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
