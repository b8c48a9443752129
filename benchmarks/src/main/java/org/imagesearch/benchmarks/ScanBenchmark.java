package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.KMeans;
import org.imagesearch.faiss.KMeansOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Searches of one index file, here and in Python's Faiss: the same queries one at a time, on one thread, coarse step included. The
 * hits must be the same.
 */
@Command(
        name = "scan",
        description = "searches an IVFFlat file, one query at a time on one thread, against python3-faiss")
final class ScanBenchmark implements Benchmark {
    private static final int BATCH = 8192;
    private static final int TRAINING_VECTORS_PER_CENTROID = 64;
    private static final int TRAINING_ITERATIONS = 10;

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
            names = "--nprobe",
            paramLabel = "N",
            split = ",",
            defaultValue = "8,16,64",
            description = "lists probed, a figure each (default: ${DEFAULT-VALUE})")
    private List<Integer> nprobes;

    @Option(
            names = "--queries",
            paramLabel = "N",
            defaultValue = "200",
            description = "pictures that are not in the index, searched once per round (default: ${DEFAULT-VALUE})")
    private int queryCount;

    @Option(names = "--k", paramLabel = "K", defaultValue = "10", description = "hits (default: ${DEFAULT-VALUE})")
    private int k;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "7",
            description = "rounds of each side, of which the median counts (default: ${DEFAULT-VALUE})")
    private int repeats;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of vectors and training (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException {
        requireSizes();
        ClipLikeVectors vectors = new ClipLikeVectors(dimension, seed);
        try (WorkFolder folder = choice.open()) {
            Path file = folder.resolve("scan.faiss");
            build(vectors, file, report);
            float[] queries = vectors.pictures(count, queryCount);
            RawFile.write(folder.resolve("queries.f32"), queries);
            try (IvfIndex index = IvfIndex.read(file);
                    PythonProcess python = PythonProcess.start(
                            folder,
                            "scan.py",
                            1,
                            file.toString(),
                            folder.resolve("queries.f32").toString(),
                            Integer.toString(dimension),
                            Integer.toString(k),
                            folder.resolve("ids.i64").toString(),
                            folder.resolve("scores.f32").toString())) {
                for (int nprobe : nprobes) {
                    compare(index, queries, nprobe, python, folder, report);
                }
            }
        }
    }

    private void requireSizes() {
        Sizes.requireRange("--count", count, 1, 100_000_000);
        Sizes.requireRange("--nlist", nlist, 1, count);
        nprobes.forEach(nprobe -> Sizes.requireRange("--nprobe", nprobe, 1, nlist));
        Sizes.requireRange("--queries", queryCount, 1, 100_000);
        Sizes.requireRange("--k", k, 1, 1000);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        if ((long) trainingVectors() * dimension > Integer.MAX_VALUE) {
            throw ImageSearchException.input("--nlist %d and --dimension %d need too much memory", nlist, dimension);
        }
    }

    private int trainingVectors() {
        return (int) Math.min(count, (long) nlist * TRAINING_VECTORS_PER_CENTROID);
    }

    private void build(ClipLikeVectors vectors, Path file, Report report) {
        long begin = System.nanoTime();
        KMeansOptions options = new KMeansOptions(
                TRAINING_ITERATIONS,
                seed,
                KMeansOptions.LEAST_GAIN,
                Runtime.getRuntime().availableProcessors());
        int training = trainingVectors();
        float[] centroids = KMeans.train(vectors.pictures(0, training), training, dimension, nlist, options)
                .centroids();
        try (IvfIndex index = IvfIndex.fromCentroids(centroids, nlist, dimension)) {
            for (int from = 0; from < count; from += BATCH) {
                int n = Math.min(BATCH, count - from);
                float[] batch = vectors.pictures(from, n);
                long[] ids = LongStream.range(from, from + n).toArray();
                long[] lists = new long[n];
                index.assign(batch, n, 1, lists, new float[n]);
                index.add(batch, ids, lists, n);
            }
            index.write(file);
        }
        report.note("built an index of %,d vectors in %.1f s", count, SideBySide.secondsSince(begin));
    }

    private void compare(
            IvfIndex index, float[] queries, int nprobe, PythonProcess python, WorkFolder folder, Report report)
            throws IOException {
        Hits ours = new Hits(new long[queryCount * k], new float[queryCount * k]);
        String[] version = new String[1];
        SideBySide times = SideBySide.measure(repeats, () -> search(index, queries, nprobe, ours), () -> {
            JsonNode answer = python.ask(Integer.toString(nprobe));
            version[0] = answer.get("version").asText();
            return answer.get("seconds").asDouble();
        });
        Hits theirs = new Hits(RawFile.longs(folder.resolve("ids.i64")), RawFile.floats(folder.resolve("scores.f32")));
        ours.requireSame(theirs, k);
        report.figure(Figure.of(
                "scan",
                "nprobe=" + nprobe,
                "queries/s",
                queryCount / times.ourSeconds(),
                "python3-faiss " + version[0],
                queryCount / times.theirSeconds()));
    }

    private double search(IvfIndex index, float[] queries, int nprobe, Hits hits) {
        float[] query = new float[dimension];
        long[] ids = new long[k];
        float[] scores = new float[k];
        long begin = System.nanoTime();
        for (int i = 0; i < queryCount; i++) {
            System.arraycopy(queries, i * dimension, query, 0, dimension);
            index.search(query, 1, k, nprobe, null, ids, scores);
            System.arraycopy(ids, 0, hits.ids(), i * k, k);
            System.arraycopy(scores, 0, hits.scores(), i * k, k);
        }
        return SideBySide.secondsSince(begin);
    }
}
