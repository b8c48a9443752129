package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.IdVector;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code bin/merge} on a dataset of vectors, against Python's Faiss on the same vectors from an {@code .npy} file: the same number of
 * lists, training vectors and rounds of k-means, and every processor on both sides.
 */
@Command(name = "merge", description = "bin/merge (train, assign, write) on CLIP-like vectors, against python3-faiss")
final class MergeBenchmark implements Benchmark {
    /** What bin/merge does unless its settings say otherwise. */
    private static final int ITERATIONS = 10;

    private static final int POINTS_PER_CENTROID = 128;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "200000",
            description = "vectors (default: ${DEFAULT-VALUE})")
    private int count;

    @Option(
            names = "--dimension",
            paramLabel = "D",
            defaultValue = "512",
            description = "floats per vector (default: ${DEFAULT-VALUE})")
    private int dimension;

    @Option(
            names = "--nlist",
            paramLabel = "N",
            defaultValue = "1024",
            description = "inverted lists (default: ${DEFAULT-VALUE})")
    private int nlist;

    @Option(
            names = "--shards",
            paramLabel = "N",
            defaultValue = "2",
            description = "shards of ours, one task each; theirs is one file (default: ${DEFAULT-VALUE})")
    private int shards;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of vectors and training (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        Sizes.requireRange("--count", count, 1, 100_000_000);
        Sizes.requireRange("--nlist", nlist, 1, count);
        Sizes.requireRange("--shards", shards, 1, count);
        ClipLikeVectors vectors = new ClipLikeVectors(dimension, seed);
        try (WorkFolder folder = choice.open()) {
            Path dataset = Files.createDirectories(folder.resolve("embeddings"));
            new VectorDataset(vectors, count, Math.min(1000, (count + 9) / 10), 100_000).write(dataset, report);
            Path npy = folder.resolve("vectors.npy");
            copy(dataset, npy);
            report.note("made a dataset of %,d vectors", count);
            JsonNode theirs = python(folder, npy);
            requireCount("python3-faiss", theirs.get("count").asLong());
            report.note("python3-faiss: %s", theirs);
            MergeSteps ours = merge(folder, dataset, report);
            report(ours, theirs, report);
        }
    }

    /** The dataset's vectors as NumPy has them. */
    private void copy(Path dataset, Path npy) throws IOException {
        List<FileSlice> slices;
        try (var files = Files.walk(dataset.resolve(DatasetLayout.IMAGES))) {
            slices = files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .map(file -> FileSlice.whole(new org.apache.hadoop.fs.Path(file.toUri())))
                    .toList();
        }
        try (var reader = EmbeddingReader.vectors(slices, dimension, Optional.empty(), new Configuration(false));
                FileChannel out = FileChannel.open(npy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer header = RawFile.npyHeader(count, dimension);
            while (header.hasRemaining()) {
                out.write(header);
            }
            while (reader.hasNext()) {
                IdVector row = reader.next();
                RawFile.append(out, row.embedding());
            }
        }
    }

    private JsonNode python(WorkFolder folder, Path npy) throws IOException {
        try (PythonProcess python = PythonProcess.start(
                folder,
                "merge.py",
                Runtime.getRuntime().availableProcessors(),
                npy.toString(),
                folder.resolve("theirs.faiss").toString(),
                Integer.toString(nlist),
                Integer.toString(ITERATIONS),
                Integer.toString(POINTS_PER_CENTROID),
                Integer.toString(seed))) {
            return python.ask("");
        }
    }

    private MergeSteps merge(WorkFolder folder, Path dataset, Report report) throws IOException, InterruptedException {
        List<String> lines = Program.run(
                folder.resolve("merge.log"),
                List.of(
                        Program.file("bin/merge").toString(),
                        "--embeddings",
                        dataset.toString(),
                        "--index",
                        folder.resolve("index").toString(),
                        "--nlist",
                        Integer.toString(nlist),
                        "--shards",
                        Integer.toString(shards),
                        "--seed",
                        Integer.toString(seed)));
        lines.forEach(line -> report.note("bin/merge: %s", line));
        return MergeSteps.of(lines);
    }

    private void requireCount(String who, long found) {
        if (found != count) {
            throw ImageSearchException.data("%s has %d vectors in its index, expected %d", who, found, count);
        }
    }

    private void report(MergeSteps ours, JsonNode theirs, Report report) {
        double read = theirs.get("read").asDouble();
        double train = theirs.get("train").asDouble();
        double add = theirs.get("add").asDouble();
        String other = "python3-faiss " + theirs.get("version").asText();
        rate("train", ours.train(), other, train, report);
        rate("assign, write", ours.write(), other, add, report);
        rate("train, assign, write", ours.train() + ours.write(), other, train + add, report);
        rate("whole command", ours.whole(), other, read + train + add, report);
    }

    private void rate(String name, double ours, String other, double theirs, Report report) {
        report.figure(Figure.of("merge", name, "vectors/s", count / ours, other, count / theirs));
    }
}
