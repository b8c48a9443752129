package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.Growth;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.IvfShards;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code bin/merge} on datasets of growing size: what its steps cost, what a query costs, which share of the vectors a recall takes. A
 * figure compares a size with the one before it, as rates: 1 is growth in proportion. Every size but the largest is also built with twice
 * the lists, so that what grows with the lists is told apart from what grows with the pictures.
 */
@Command(name = "growth", description = "bin/merge on growing datasets; bin/merge plan is fitted to what it measures")
final class GrowthBenchmark implements Benchmark {
    private static final int QUERIES = 200;
    private static final int ROUNDS = 5;
    private static final int K = 10;

    @Option(
            names = "--counts",
            paramLabel = "N",
            split = ",",
            defaultValue = "100000,300000,1000000",
            description = "vectors, a dataset each, growing (default: ${DEFAULT-VALUE})")
    private List<Integer> counts;

    @Option(
            names = "--dimension",
            paramLabel = "D",
            defaultValue = "512",
            description = "floats per vector (default: ${DEFAULT-VALUE})")
    private int dimension;

    @Option(
            names = "--shards",
            paramLabel = "N",
            defaultValue = "4",
            description = "shards of each index (default: ${DEFAULT-VALUE})")
    private int shards;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of vectors and training (default: ${DEFAULT-VALUE})")
    private int seed;

    @Option(
            names = "--machine",
            paramLabel = "TEXT",
            defaultValue = "this machine",
            description = "what the machine is, for those who read the measurements (default: ${DEFAULT-VALUE})")
    private String machine;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "where to write the measurements, for bin/merge plan --growth")
    private Path output;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        requireGrowing();
        ClipLikeVectors vectors = new ClipLikeVectors(dimension, seed);
        List<Growth.Point> points = new ArrayList<>();
        try (WorkFolder folder = choice.open()) {
            Growth.Point before = null;
            for (int count : counts) {
                Path dataset = Files.createDirectories(folder.resolve("embeddings-" + count));
                new VectorDataset(vectors, count, Math.min(1000, (count + 9) / 10), 100_000).write(dataset, report);
                Growth.Point point = measure(folder, dataset, vectors, count, "auto", report);
                points.add(point);
                if (before != null) {
                    compare(before, point, report);
                }
                before = point;
                if (count < counts.get(counts.size() - 1)) {
                    points.add(measure(folder, dataset, vectors, count, Integer.toString(2 * point.nlist()), report));
                }
                folder.remove("embeddings-" + count);
            }
        }
        int cores = Runtime.getRuntime().availableProcessors();
        if (output != null) {
            Files.write(output, new Growth(machine, cores, dimension, points).toJson());
        }
    }

    private void requireGrowing() {
        for (int i = 0; i < counts.size(); i++) {
            Sizes.requireRange("--counts", counts.get(i), i == 0 ? 1000 : counts.get(i - 1) + 1, 100_000_000);
        }
        if (counts.size() < 2) {
            throw ImageSearchException.input("--counts has one size, expected two or more");
        }
        Sizes.requireRange("--shards", shards, 1, counts.get(0));
    }

    private Growth.Point measure(
            WorkFolder folder, Path dataset, ClipLikeVectors vectors, int count, String nlist, Report report)
            throws IOException, InterruptedException {
        Path index = folder.resolve("index");
        List<String> lines = Program.run(
                folder.resolve("merge.log"),
                List.of(
                        Program.file("bin/merge").toString(),
                        "--embeddings",
                        dataset.toString(),
                        "--index",
                        index.toString(),
                        "--nlist",
                        nlist,
                        "--shards",
                        Integer.toString(shards),
                        "--seed",
                        Integer.toString(seed)));
        MergeSteps steps = MergeSteps.of(lines);
        IndexDirectory directory = new IndexDirectory(index);
        IndexManifest manifest = directory.readManifest(directory.currentGeneration());
        double query = querySeconds(directory.generationPath(manifest.generation()), manifest, vectors);
        folder.remove("index");
        report.note(
                "%,d vectors, nlist %d: %s, nprobe %d, %.3f ms a query",
                count, manifest.nlist(), steps, manifest.defaultNprobe(), 1e3 * query);
        return new Growth.Point(
                count,
                manifest.nlist(),
                manifest.training().orElseThrow().vectors(),
                manifest.training().orElseThrow().iterations(),
                steps.read(),
                steps.train(),
                steps.write(),
                steps.measure(),
                manifest.shards().stream()
                        .flatMap(shard -> shard.rows().stream())
                        .mapToLong(FileEntry::bytes)
                        .sum(),
                manifest.recall(),
                manifest.defaultNprobe(),
                query);
    }

    /** Of one query over all shards, on this thread. */
    private double querySeconds(Path generation, IndexManifest manifest, ClipLikeVectors vectors) {
        float[] queries = vectors.pictures(manifest.count(), QUERIES);
        List<IvfIndex> opened = new ArrayList<>();
        try (IvfIndex centroids =
                IvfIndex.read(generation.resolve(manifest.centroids().name()))) {
            for (ShardEntry shard : manifest.shards()) {
                opened.add(IvfIndex.read(generation.resolve(shard.index().name())));
            }
            double[] rounds = new double[ROUNDS];
            search(centroids, opened, queries, manifest.defaultNprobe());
            for (int round = 0; round < ROUNDS; round++) {
                long begin = System.nanoTime();
                search(centroids, opened, queries, manifest.defaultNprobe());
                rounds[round] = SideBySide.secondsSince(begin) / QUERIES;
            }
            return SideBySide.median(rounds);
        } finally {
            opened.forEach(IvfIndex::close);
        }
    }

    private void search(IvfIndex centroids, List<IvfIndex> opened, float[] queries, int nprobe) {
        IvfShards together = new IvfShards(opened);
        IdFilter[] none = new IdFilter[opened.size()];
        long[] lists = new long[nprobe];
        float[] coarse = new float[nprobe];
        long[] ids = new long[K];
        float[] scores = new float[K];
        int[] shardOf = new int[K];
        for (int i = 0; i < QUERIES; i++) {
            float[] query = Arrays.copyOfRange(queries, i * dimension, (i + 1) * dimension);
            centroids.assign(query, 1, nprobe, lists, coarse);
            together.search(query, K, lists, coarse, none, Float.NEGATIVE_INFINITY, ids, shardOf, scores);
        }
    }

    private static void compare(Growth.Point before, Growth.Point after, Report report) {
        String variant = String.format("%d vectors, ", after.pictures());
        String other = String.format("%d vectors", before.pictures());
        figure(variant + "train", before.trainSeconds(), after.trainSeconds(), before, after, other, report);
        figure(variant + "assign, write", before.writeSeconds(), after.writeSeconds(), before, after, other, report);
        figure(variant + "measure", before.measureSeconds(), after.measureSeconds(), before, after, other, report);
        report.figure(Figure.of(
                "growth",
                variant + "query at recall 0.95",
                "queries/s",
                1 / after.querySeconds(),
                other,
                1 / before.querySeconds()));
    }

    private static void figure(
            String variant,
            double secondsBefore,
            double secondsAfter,
            Growth.Point before,
            Growth.Point after,
            String other,
            Report report) {
        report.figure(Figure.of(
                "growth",
                variant,
                "vectors/s",
                after.pictures() / secondsAfter,
                other,
                before.pictures() / secondsBefore));
    }
}
