package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.VectorReader;
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

    private static final int ROWS_AT_ONCE = 2048;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "100000",
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

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "3",
            description = "builds of each side in turns, of which the median counts (default: ${DEFAULT-VALUE})")
    private int repeats;

    /** What is measured. */
    enum Case {
        build,
        read,
        memory
    }

    @Option(
            names = "--case",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "build,read",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private List<Case> cases;

    @Option(
            names = "--embeddings",
            paramLabel = "DIR",
            description =
                    "dataset of bin/bench vectors with the same --seed to use, in place of --count and --dimension"
                            + " (default: one is made)")
    private Path embeddings;

    @Mixin
    private WorkFolder.Choice choice;

    private String version;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        if (embeddings != null) {
            Path manifest = embeddings.resolve(DatasetLayout.MANIFEST);
            if (!Files.exists(manifest)) {
                throw ImageSearchException.input("%s is not a dataset", embeddings);
            }
            DatasetManifest dataset = DatasetManifest.fromJson(Files.readAllBytes(manifest), manifest.toString());
            count = Math.toIntExact(dataset.embedded());
            dimension = dataset.dimension();
        }
        Sizes.requireRange("--count", count, 1, 100_000_000);
        Sizes.requireRange("--nlist", nlist, 1, count);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        Sizes.requireRange("--shards", shards, 1, count);
        ClipLikeVectors vectors = new ClipLikeVectors(dimension, seed);
        try (WorkFolder folder = choice.open()) {
            Path dataset = embeddings;
            if (dataset == null) {
                dataset = Files.createDirectories(folder.resolve("embeddings"));
                new VectorDataset(vectors, count, Math.min(1000, (count + 9) / 10), 100_000).write(dataset, report);
                report.note("made a dataset of %,d vectors", count);
            }
            for (Case one : cases) {
                switch (one) {
                    case build -> build(folder, dataset, report);
                    case read -> new DatasetReading(files(dataset), count, dimension).report(repeats, report);
                    case memory -> new MergeMemory(folder, vectors, nlist).report(dataset, count, report);
                }
            }
        }
    }

    private void build(WorkFolder folder, Path dataset, Report report) throws IOException, InterruptedException {
        Path npy = folder.resolve("vectors.npy");
        copy(dataset, npy);
        List<MergeSteps> ours = new ArrayList<>();
        List<MergeSteps> theirs = new ArrayList<>();
        try (PythonProcess python = python(folder, npy)) {
            for (int i = 0; i < repeats; i++) {
                JsonNode answer = python.ask("");
                requireCount("python3-faiss", answer.get("count").asLong());
                version = answer.get("version").asText();
                theirs.add(steps(answer));
                report.note("python3-faiss: %s", theirs.get(i));
                ours.add(merge(folder, dataset, report));
                report.note("bin/merge: %s", ours.get(i));
            }
        }
        report(ours, theirs, report);
    }

    private static List<Path> files(Path dataset) throws IOException {
        try (var files = Files.walk(dataset.resolve(DatasetLayout.IMAGES))) {
            return files.filter(file -> file.toString().endsWith(".parquet"))
                    .sorted()
                    .toList();
        }
    }

    /** The dataset's vectors as NumPy has them. */
    private void copy(Path dataset, Path npy) throws IOException {
        List<FileSlice> slices = files(dataset).stream()
                .map(file -> FileSlice.whole(new org.apache.hadoop.fs.Path(file.toUri())))
                .toList();
        long[] ids = new long[ROWS_AT_ONCE];
        double[] squares = new double[ROWS_AT_ONCE];
        float[] block = new float[ROWS_AT_ONCE * dimension];
        try (VectorReader reader =
                        VectorReader.ofSlices(slices, dimension, Optional.empty(), new Configuration(false));
                FileChannel out = FileChannel.open(npy, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer header = RawFile.npyHeader(count, dimension);
            while (header.hasRemaining()) {
                out.write(header);
            }
            for (int rows = reader.read(ids, block, squares, ROWS_AT_ONCE);
                    rows > 0;
                    rows = reader.read(ids, block, squares, ROWS_AT_ONCE)) {
                RawFile.append(out, rows * dimension == block.length ? block : Arrays.copyOf(block, rows * dimension));
            }
        }
    }

    private PythonProcess python(WorkFolder folder, Path npy) throws IOException {
        return PythonProcess.start(
                folder,
                "merge.py",
                Runtime.getRuntime().availableProcessors(),
                npy.toString(),
                folder.resolve("theirs.faiss").toString(),
                Integer.toString(nlist),
                Integer.toString(ITERATIONS),
                Integer.toString(POINTS_PER_CENTROID),
                Integer.toString(seed));
    }

    private static MergeSteps steps(JsonNode answer) {
        double read = answer.get("read").asDouble();
        double train = answer.get("train").asDouble();
        double write = answer.get("add").asDouble();
        return new MergeSteps(read, train, write, 0, read + train + write);
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
        lines.stream().filter(line -> line.startsWith("gen-")).forEach(line -> report.note("bin/merge: %s", line));
        return MergeSteps.of(lines);
    }

    private void requireCount(String who, long found) {
        if (found != count) {
            throw ImageSearchException.data("%s has %d vectors in its index, expected %d", who, found, count);
        }
    }

    private void report(List<MergeSteps> ours, List<MergeSteps> theirs, Report report) {
        rate("train", MergeSteps::train, ours, theirs, report);
        rate("assign, write", MergeSteps::write, ours, theirs, report);
        rate("train, assign, write", steps -> steps.train() + steps.write(), ours, theirs, report);
        rate("whole command", MergeSteps::whole, ours, theirs, report);
    }

    private void rate(
            String name,
            ToDoubleFunction<MergeSteps> seconds,
            List<MergeSteps> ours,
            List<MergeSteps> theirs,
            Report report) {
        report.figure(Figure.of(
                "merge",
                name,
                "vectors/s",
                count / median(seconds, ours),
                "python3-faiss " + version,
                count / median(seconds, theirs)));
    }

    private static double median(ToDoubleFunction<MergeSteps> seconds, List<MergeSteps> rounds) {
        return SideBySide.median(rounds.stream().mapToDouble(seconds).toArray());
    }
}
