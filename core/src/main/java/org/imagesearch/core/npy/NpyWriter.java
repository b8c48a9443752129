package org.imagesearch.core.npy;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Writes an NPY file of version 1 in C order, row after row; {@code numpy.load} opens it, memory-mapped too. Owns the stream. One
 * thread at a time.
 */
public final class NpyWriter implements Closeable {
    private final OutputStream out;
    private final NpyType type;
    private final int columns;
    private final ByteBuffer row;
    private long missingRows;

    /**
     * Writes the head.
     *
     * @param out the file from its beginning, buffered; closed with the writer
     * @param rows how many will be written
     * @param columns numbers in each
     */
    public NpyWriter(OutputStream out, NpyType type, long rows, int columns) throws IOException {
        this.out = out;
        this.type = type;
        this.columns = columns;
        this.row = ByteBuffer.allocate(columns * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        this.missingRows = rows;
        out.write(NpyHeader.of(type, rows, columns));
    }

    /**
     * Writes the next row.
     *
     * @param values float[columns]; as halves, the nearest ones
     * @throws IllegalArgumentException if it has another length
     * @throws IllegalStateException if it is one more than the head says
     */
    public void write(float[] values) throws IOException {
        if (values.length != columns) {
            throw new IllegalArgumentException("a row of " + values.length + " numbers, expected " + columns);
        }
        if (missingRows == 0) {
            throw new IllegalStateException("more rows than the header says");
        }
        row.clear();
        for (float value : values) {
            type.put(row, value);
        }
        out.write(row.array());
        missingRows--;
    }

    /** Ends the file. One that lacks rows is no NPY file: readers refuse it by its length. */
    @Override
    public void close() throws IOException {
        out.close();
    }
}
