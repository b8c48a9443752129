package org.imagesearch.core.npy;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** Reads the rows of an NPY file, forward, one in memory at a time. Owns the stream. One thread at a time. */
public final class NpyReader implements Closeable {
    private final InputStream in;
    private final String name;
    private final NpyHeader header;
    private final ByteBuffer row;
    private long nextRow;

    private NpyReader(InputStream in, String name, NpyHeader header) {
        this.in = in;
        this.name = name;
        this.header = header;
        this.row = ByteBuffer.allocate(header.rowBytes()).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads the head of a file.
     *
     * @param in the file from its beginning, buffered; closed with the reader, and if this fails
     * @param name the file's, for messages
     * @param fileBytes how long it is
     * @throws ImageSearchException (data) naming the file, if it cannot be read, is no NPY file of rows of 16- or 32-bit floats
     *     in C order, or is longer or shorter than its head says
     */
    public static NpyReader open(InputStream in, String name, long fileBytes) {
        try {
            NpyHeader header = NpyHeader.read(in, name);
            if (header.fileBytes() != fileBytes) {
                throw ImageSearchException.data(
                        "%s has %d bytes, expected %d for the %d rows of %d columns that its header tells of",
                        name, fileBytes, header.fileBytes(), header.rows(), header.columns());
            }
            return new NpyReader(in, name, header);
        } catch (IOException e) {
            close(in, e);
            throw unreadable(name, e);
        } catch (RuntimeException e) {
            close(in, e);
            throw e;
        }
    }

    private static void close(InputStream in, Exception because) {
        try {
            in.close();
        } catch (IOException e) {
            because.addSuppressed(e);
        }
    }

    public NpyHeader header() {
        return header;
    }

    /** The row that {@link #read} gives next, counted from 0. */
    public long nextRow() {
        return nextRow;
    }

    /**
     * Steps over rows.
     *
     * @param to the row to be read next, at {@link #nextRow} or behind it
     * @throws ImageSearchException (data) naming the file, if it has no such row or cannot be read
     */
    public void skipTo(long to) {
        if (to < nextRow || to >= header.rows()) {
            throw ImageSearchException.data(
                    "%s: row %d is asked for, expected %d to %d", name, to, nextRow, header.rows() - 1);
        }
        try {
            in.skipNBytes((to - nextRow) * header.rowBytes());
            nextRow = to;
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    /**
     * Reads the next row.
     *
     * @param into out, float[columns]; halves are widened
     * @throws ImageSearchException (data) naming the file, if there is none, or it cannot be read
     */
    public void read(float[] into) {
        try {
            int read = nextRow < header.rows() ? in.readNBytes(row.array(), 0, row.capacity()) : -1;
            if (read < row.capacity()) {
                throw new EOFException("it ends at row " + nextRow);
            }
        } catch (IOException e) {
            throw unreadable(name, e);
        }
        row.clear();
        for (int i = 0; i < header.columns(); i++) {
            into[i] = header.type().get(row);
        }
        nextRow++;
    }

    private static ImageSearchException unreadable(String name, IOException e) {
        return new ImageSearchException(ErrorCode.DATA, "cannot read " + name + ": " + e.getMessage(), e);
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }
}
