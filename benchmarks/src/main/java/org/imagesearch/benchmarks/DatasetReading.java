package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.IdVector;
import org.imagesearch.core.parquet.VectorReader;

/** How fast embeddings come out of Parquet on one thread, against reading the bytes of the same files, which all lie in memory. */
final class DatasetReading {
    private static final int ROWS_AT_ONCE = 2048;
    private static final int BUFFER_BYTES = 1 << 20;
    private static final double MEGABYTE = 1e6;

    private final List<Path> files;
    private final long count;
    private final int dimension;

    DatasetReading(List<Path> files, long count, int dimension) {
        this.files = files;
        this.count = count;
        this.dimension = dimension;
    }

    void report(int repeats, Report report) throws IOException {
        double megabytes = (double) count * dimension * Float.BYTES / MEGABYTE;
        SideBySide plain = SideBySide.measure(repeats, this::blocks, this::bytes);
        report.figure(Figure.of(
                "merge",
                "read embeddings, one thread",
                "MB/s",
                megabytes / plain.ourSeconds(),
                "plain reading of the files",
                megabytes / plain.theirSeconds()));
        SideBySide assembly = SideBySide.measure(repeats, this::blocks, this::rows);
        report.figure(Figure.of(
                "merge",
                "read embeddings, one thread",
                "MB/s",
                megabytes / assembly.ourSeconds(),
                "Parquet's record assembly",
                megabytes / assembly.theirSeconds()));
    }

    private List<FileSlice> slices() {
        return files.stream()
                .map(file -> FileSlice.whole(new org.apache.hadoop.fs.Path(file.toUri())))
                .toList();
    }

    private double blocks() {
        long begin = System.nanoTime();
        long[] ids = new long[ROWS_AT_ONCE];
        double[] squares = new double[ROWS_AT_ONCE];
        float[] vectors = new float[ROWS_AT_ONCE * dimension];
        long rows = 0;
        try (VectorReader reader =
                VectorReader.ofSlices(slices(), dimension, Optional.empty(), new Configuration(false))) {
            for (int read = reader.read(ids, vectors, squares, ROWS_AT_ONCE);
                    read > 0;
                    read = reader.read(ids, vectors, squares, ROWS_AT_ONCE)) {
                rows += read;
            }
        }
        requireAll(rows);
        return SideBySide.secondsSince(begin);
    }

    private double rows() {
        long begin = System.nanoTime();
        long rows = 0;
        try (EmbeddingReader<IdVector> reader =
                EmbeddingReader.vectors(slices(), dimension, Optional.empty(), new Configuration(false))) {
            for (; reader.hasNext(); rows++) {
                reader.next();
            }
        }
        requireAll(rows);
        return SideBySide.secondsSince(begin);
    }

    private double bytes() throws IOException {
        long begin = System.nanoTime();
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
        for (Path file : files) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                while (channel.read(buffer) >= 0) {
                    buffer.clear();
                }
            }
        }
        return SideBySide.secondsSince(begin);
    }

    private void requireAll(long rows) {
        if (rows != count) {
            throw ImageSearchException.data("read %d embeddings, expected %d", rows, count);
        }
    }
}
