package org.imagesearch.core.parquet;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;

/**
 * Reads ids and embeddings of {@code images/} in blocks, at the speed of copying: out of the pages of the columns, below
 * record assembly. Pages of another make than usual go through record assembly, with the same checks: every embedding that
 * is handed out has the right dimension and only finite numbers. What is in memory is a page of each column, whatever the
 * size of a row group. One thread at a time.
 */
public final class VectorReader implements Closeable {
    private final RowRanges ranges;
    private final int dimension;
    private final Optional<Fingerprint> model;
    private final Configuration configuration;

    private RowRange range;
    private long nextRow;
    private long blockRow;
    private PlainVectors plain;
    private EmbeddingReader<IdVector> assembled;

    private VectorReader(RowRanges ranges, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        this.ranges = ranges;
        this.dimension = dimension;
        this.model = model;
        this.configuration = configuration;
    }

    /**
     * Reads ranges of rows.
     *
     * @param ranges what to read, in this order
     * @param dimension floats that every embedding must have
     * @param model the model that must have made the files; a footer that names another is refused
     * @param configuration how Hadoop reaches the files
     */
    public static VectorReader of(
            List<RowRange> ranges, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new VectorReader(RowRanges.of(ranges, model, configuration), dimension, model, configuration);
    }

    /** Reads the row groups of slices; parameters as in {@link #of}. */
    public static VectorReader ofSlices(
            List<FileSlice> slices, int dimension, Optional<Fingerprint> model, Configuration configuration) {
        return new VectorReader(RowRanges.ofSlices(slices, model, configuration), dimension, model, configuration);
    }

    /**
     * Reads the next rows, all of one range.
     *
     * @param ids out, long[limit] or more
     * @param vectors out, float[limit * dimension] or more, row-major
     * @param squares out, double[limit] or more, the sum of the squares of each vector: its length times itself
     * @param limit rows at most
     * @return how many rows were read; 0 when there are no more
     * @throws ImageSearchException (data) naming the file, if it is broken or lacks a column, and the id, if an embedding has
     *     the wrong dimension, a null or a number that is not finite
     */
    public int read(long[] ids, float[] vectors, double[] squares, int limit) {
        if (limit <= 0 || limit > ids.length || limit > squares.length || (long) limit * dimension > vectors.length) {
            throw ImageSearchException.input(
                    "room for %d ids, %d squares and %d floats, expected %d rows of %d",
                    ids.length, squares.length, vectors.length, limit, dimension);
        }
        try {
            if ((range == null || nextRow == range.to()) && !openNextRange()) {
                return 0;
            }
            int rows = (int) Math.min(limit, range.to() - nextRow);
            readRows(ids, vectors, rows);
            for (int row = 0; row < rows; row++) {
                squares[row] = FloatList.requireFinite(range.file(), ids[row], vectors, row * dimension, dimension);
            }
            blockRow = nextRow;
            nextRow += rows;
            return rows;
        } catch (IOException | RuntimeException e) {
            throw EmbeddingReader.unreadable(ranges.fileName(), e);
        }
    }

    /** The range that the last block came from. */
    public RowRange range() {
        return range;
    }

    /** The first row of the last block, counted in its row group. */
    public long blockRow() {
        return blockRow;
    }

    private boolean openNextRange() throws IOException {
        RowRange last = range;
        range = ranges.next();
        if (range == null) {
            closeRange();
            return false;
        }
        nextRow = range.from();
        boolean goesOn = plain != null && range.isBeside(last) && plain.nextRow() <= range.from();
        if (!goesOn || !plain.skipTo(range.from())) {
            closeRange();
            plain = PlainVectors.open(ranges.file(), range, dimension).orElse(null);
        }
        return true;
    }

    private void readRows(long[] ids, float[] vectors, int rows) throws IOException {
        if (plain != null && plain.read(ids, vectors, rows)) {
            return;
        }
        if (assembled == null) {
            closeRange();
            assembled = EmbeddingReader.vectorsOf(List.of(range.startingAt(nextRow)), dimension, model, configuration);
        }
        for (int row = 0; row < rows; row++) {
            IdVector next = assembled.next();
            ids[row] = next.id();
            System.arraycopy(next.embedding(), 0, vectors, row * dimension, dimension);
        }
    }

    private void closeRange() throws IOException {
        if (plain != null) {
            PlainVectors closing = plain;
            plain = null;
            closing.close();
        }
        if (assembled != null) {
            assembled.close();
            assembled = null;
        }
    }

    @Override
    public void close() {
        try {
            closeRange();
            ranges.close();
        } catch (IOException e) {
            throw EmbeddingReader.unreadable(ranges.fileName(), e);
        }
    }
}
