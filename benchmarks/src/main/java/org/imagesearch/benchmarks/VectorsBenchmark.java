package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bin/bench vectors}: no measurement, but the data for one of any size. */
@Command(name = "vectors", description = "writes a dataset of CLIP-like vectors, which bin/merge takes")
final class VectorsBenchmark implements Benchmark {
    private static final int MAX_QUERIES = 10_000;

    @Option(names = "--count", required = true, paramLabel = "N", description = "pictures")
    private long count;

    @Option(
            names = "--dimension",
            paramLabel = "D",
            defaultValue = "512",
            description = "floats per vector (default: ${DEFAULT-VALUE})")
    private int dimension;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "another seed, other vectors (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "dataset to write: empty or missing")
    private Path output;

    @Option(
            names = "--queries",
            paramLabel = "N",
            defaultValue = "1000",
            description = "captions at most, a tenth of the pictures (default: ${DEFAULT-VALUE})")
    private int queries;

    @Option(
            names = "--rows-per-file",
            paramLabel = "N",
            defaultValue = "100000",
            description = "pictures per Parquet file and wave (default: ${DEFAULT-VALUE})")
    private int rowsPerFile;

    @Override
    public void run(Report report) throws IOException {
        Sizes.requireRange("--count", count, 1, Ids.LIMIT);
        Sizes.requireRange("--queries", queries, 0, MAX_QUERIES);
        Sizes.requireRange("--rows-per-file", rowsPerFile, 1, 10_000_000);
        if (count / rowsPerFile >= 1_000_000) {
            throw ImageSearchException.input("%d pictures need more than %d rows per file", count, rowsPerFile);
        }
        ClipLikeVectors vectors = new ClipLikeVectors(dimension, seed);
        int captions = (int) Math.min(queries, (count + 9) / 10);
        long begin = System.nanoTime();
        Path folder = WorkFolder.emptyFolder(output);
        new VectorDataset(vectors, count, captions, rowsPerFile).write(folder, report);
        report.note(
                "%s: %,d vectors of %d floats, %,d captions, %.1f s",
                folder, count, dimension, captions, SideBySide.secondsSince(begin));
    }
}
