package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.Clusters;
import org.imagesearch.faiss.KMeans;
import org.imagesearch.faiss.KMeansOptions;
import org.imagesearch.faiss.NearestCentroids;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Training of centroids and the search for nearest ones, here and in Python's Faiss, on the same vectors. k-means is given the same
 * number of centroids and iterations on both sides, all processors, and no early end; NumPy computes the objective of both results. The
 * search for nearest centroids runs on one thread, over the same centroids, and must find the same ones.
 */
@Command(
        name = "train",
        description = "trains centroids and finds the nearest ones of many vectors, against python3-faiss")
final class TrainBenchmark implements Benchmark {
    private static final String KMEANS = "kmeans";
    private static final String ASSIGN = "assign";

    /** Objectives that differ by less are equal: as much lies between two seeds. */
    private static final double LEAST_SHARE_OF_OBJECTIVE = 0.999;

    @Option(
            names = "--case",
            paramLabel = "NAME",
            split = ",",
            defaultValue = KMEANS + "," + ASSIGN,
            description = "what to measure: " + KMEANS + ", " + ASSIGN + " (default: ${DEFAULT-VALUE})")
    private Set<String> cases;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "100000",
            description = "vectors trained on (default: ${DEFAULT-VALUE})")
    private int count;

    @Option(
            names = "--assigned",
            paramLabel = "N",
            defaultValue = "20000",
            description = "vectors whose nearest centroid is searched (default: ${DEFAULT-VALUE})")
    private int assigned;

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
            description = "centroids (default: ${DEFAULT-VALUE})")
    private int nlist;

    @Option(
            names = "--iterations",
            paramLabel = "N",
            defaultValue = "10",
            description = "passes of k-means (default: ${DEFAULT-VALUE})")
    private int iterations;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "3",
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
        float[] vectors = new ClipLikeVectors(dimension, seed).pictures(0, count);
        try (WorkFolder folder = choice.open()) {
            RawFile.write(folder.resolve("vectors.f32"), vectors);
            if (cases.contains(KMEANS)) {
                train(vectors, folder, report);
            }
            if (cases.contains(ASSIGN)) {
                assign(vectors, folder, report);
            }
        }
    }

    private void requireSizes() {
        for (String name : cases) {
            if (!Set.of(KMEANS, ASSIGN).contains(name)) {
                throw ImageSearchException.input("--case %s is not one of %s, %s", name, KMEANS, ASSIGN);
            }
        }
        Sizes.requireRange("--dimension", dimension, 2, ClipLikeVectors.MAX_DIMENSION);
        Sizes.requireRange("--count", count, 1, Integer.MAX_VALUE / dimension);
        Sizes.requireRange("--assigned", assigned, 1, count);
        Sizes.requireRange("--nlist", nlist, 1, count);
        Sizes.requireRange("--iterations", iterations, 1, 1000);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
    }

    private void train(float[] vectors, WorkFolder folder, Report report) throws IOException {
        int processors = Runtime.getRuntime().availableProcessors();
        KMeansOptions options = new KMeansOptions(iterations, seed, 0, processors);
        Clusters[] ours = new Clusters[1];
        try (PythonProcess python = start(folder, processors)) {
            SideBySide times = SideBySide.measure(
                    repeats,
                    () -> {
                        long begin = System.nanoTime();
                        ours[0] = KMeans.train(vectors, count, dimension, nlist, options);
                        return SideBySide.secondsSince(begin);
                    },
                    () -> python.ask("train " + nlist + " " + iterations + " " + seed)
                            .get("seconds")
                            .asDouble());
            Path file = folder.resolve("ours.f32");
            RawFile.write(file, ours[0].centroids());
            JsonNode answer = python.ask("objective " + file);
            double objective = answer.get("objective").asDouble();
            double theirs = python.ask("objective " + folder.resolve("theirs.f32"))
                    .get("objective")
                    .asDouble();
            report.note(
                    "k-means: objective %.6f, theirs %.6f; %d iterations in %.2f s, theirs in %.2f s; imbalance %.3f",
                    objective, theirs, iterations, times.ourSeconds(), times.theirSeconds(), ours[0].imbalance());
            if (!(objective >= LEAST_SHARE_OF_OBJECTIVE * theirs)) {
                throw ImageSearchException.data(
                        "our centroids have an objective of %s, theirs of %s: times cannot be compared",
                        objective, theirs);
            }
            double work = (double) count * iterations;
            report.figure(Figure.of(
                    "train",
                    KMEANS + ",nlist=" + nlist,
                    "vectors/s and iteration",
                    work / times.ourSeconds(),
                    "python3-faiss " + answer.get("version").asText(),
                    work / times.theirSeconds()));
        }
    }

    private void assign(float[] vectors, WorkFolder folder, Report report) throws IOException {
        KMeansOptions options = new KMeansOptions(
                3, seed, KMeansOptions.LEAST_GAIN, Runtime.getRuntime().availableProcessors());
        float[] centroids =
                KMeans.train(vectors, count, dimension, nlist, options).centroids();
        RawFile.write(folder.resolve("theirs.f32"), centroids);
        Hits ours = new Hits(new long[assigned], new float[assigned]);
        String[] version = new String[1];
        try (PythonProcess python = start(folder, 1);
                NearestCentroids nearest = NearestCentroids.of(centroids, nlist, dimension)) {
            SideBySide times = SideBySide.measure(
                    repeats,
                    () -> {
                        long begin = System.nanoTime();
                        nearest.assign(vectors, assigned, ours.ids(), ours.scores());
                        return SideBySide.secondsSince(begin);
                    },
                    () -> {
                        JsonNode answer = python.ask("assign " + assigned);
                        version[0] = answer.get("version").asText();
                        return answer.get("seconds").asDouble();
                    });
            ours.requireSame(
                    new Hits(RawFile.longs(folder.resolve("lists.i64")), RawFile.floats(folder.resolve("scores.f32"))),
                    1);
            report.figure(Figure.of(
                    "train",
                    ASSIGN + ",nlist=" + nlist,
                    "vectors/s",
                    assigned / times.ourSeconds(),
                    "python3-faiss " + version[0],
                    assigned / times.theirSeconds()));
        }
    }

    private PythonProcess start(WorkFolder folder, int threads) throws IOException {
        return PythonProcess.start(
                folder,
                "train.py",
                threads,
                folder.resolve("vectors.f32").toString(),
                Integer.toString(dimension),
                folder.resolve("theirs.f32").toString(),
                folder.resolve("lists.i64").toString(),
                folder.resolve("scores.f32").toString());
    }
}
