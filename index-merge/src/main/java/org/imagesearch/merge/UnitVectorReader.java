package org.imagesearch.merge;

import java.io.Closeable;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.RowRange;
import org.imagesearch.core.parquet.VectorReader;

/** Reads the embeddings of a dataset in blocks, as vectors of length 1. One thread at a time. */
final class UnitVectorReader implements Closeable {
    private final VectorReader reader;
    private final InputFormat format;
    private final int batch;
    private final long[] ids;
    private final float[] vectors;
    private final double[] squares;

    private UnitVectorReader(VectorReader reader, InputFormat format, int batch) {
        this.reader = reader;
        this.format = format;
        this.batch = batch;
        this.ids = new long[batch];
        this.vectors = new float[Math.multiplyExact(batch, format.dimension())];
        this.squares = new double[batch];
    }

    /**
     * @param rows what to read, in this order
     * @param batch rows of a block at most
     */
    static UnitVectorReader of(List<RowRange> rows, InputFormat format, int batch, Configuration hadoop) {
        return new UnitVectorReader(
                VectorReader.of(rows, format.dimension(), format.fingerprint(), hadoop), format, batch);
    }

    /** Reads the row groups of slices, in the dataset's batches. */
    static UnitVectorReader ofSlices(List<FileSlice> slices, InputFormat format, Configuration hadoop) {
        return new UnitVectorReader(
                VectorReader.ofSlices(slices, format.dimension(), format.fingerprint(), hadoop),
                format,
                format.batch());
    }

    /**
     * Reads the next block, all of one range.
     *
     * @return its rows; 0 when there are no more
     * @throws ImageSearchException (data) naming the id, if an embedding is not what the dataset promises
     */
    int next() {
        int read = reader.read(ids, vectors, squares, batch);
        int dimension = format.dimension();
        for (int row = 0; row < read; row++) {
            Vectors.requireUnit(
                    vectors, row * dimension, dimension, squares[row], format.normalised(), "picture", ids[row]);
        }
        return read;
    }

    /** The ids of the block; overwritten by the next one. */
    long[] ids() {
        return ids;
    }

    /** The vectors of the block, {@code float[rows * dimension]}; overwritten by the next one. */
    float[] vectors() {
        return vectors;
    }

    /** Where the block stands. */
    RowRange range() {
        return reader.range();
    }

    @Override
    public void close() {
        reader.close();
    }
}
