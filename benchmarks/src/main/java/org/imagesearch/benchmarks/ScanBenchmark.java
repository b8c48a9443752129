package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.FaissLibrary;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Searches of an IVFFlat index on one thread, coarse step included, against other ways to the same hits: {@link ScanCases}. */
@Command(
        name = "scan",
        description =
                "searches an IVFFlat index on one thread, against python3-faiss, plain reading, one merged index, a graph")
final class ScanBenchmark implements Benchmark {
    /** What is compared. */
    enum Case {
        /** One query at a time with python3-faiss, at each nprobe. */
        nprobe,
        /** A batch with one query at a time. */
        batch,
        /** Scanning with plain reading. */
        bandwidth,
        /** Shards with one merged index. */
        shards,
        /** One query at a time with Lucene's HNSW at equal recall: takes minutes, and a JDK of 21 or later. */
        lucene
    }

    @Option(
            names = "--case",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "nprobe,batch,bandwidth,shards",
            description = "${COMPLETION-CANDIDATES}, a list (default: ${DEFAULT-VALUE})")
    private List<Case> cases;

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
            description = "lists probed in case nprobe, a figure each (default: ${DEFAULT-VALUE})")
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

    @Option(
            names = "--recall",
            paramLabel = "SHARE",
            defaultValue = "0.95",
            description = "recall@k that both sides of case lucene must reach (default: ${DEFAULT-VALUE})")
    private double recall;

    @Option(
            names = "--jdk",
            paramLabel = "DIR",
            description = "JDK of 21 or later that runs Lucene (default: the newest below /usr/lib/jvm)")
    private Path jdk;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException {
        requireSizes();
        // Before the index is built, which takes longer than to find out that there is none.
        Path java = cases.contains(Case.lucene) ? LaterJdk.java(jdk) : null;
        report.note("instruction set: %s", FaissLibrary.instructionSet());
        try (WorkFolder folder = choice.open()) {
            ClipLikeVectors vectors = new ClipLikeVectors(dimension, seed);
            Path file = folder.resolve("scan.faiss");
            ScanIndex.build(vectors, count, nlist, seed, file, report);
            ScanSetup setup = new ScanSetup(
                    folder, report, file, vectors, count, nlist, vectors.pictures(count, queryCount), k, repeats);
            for (Case one : cases) {
                switch (one) {
                    case nprobe -> ScanCases.python(setup, nprobes);
                    case batch -> ScanCases.batch(setup);
                    case bandwidth -> ScanCases.bandwidth(setup);
                    case shards -> ShardCase.run(setup);
                    case lucene -> GraphCase.run(setup, recall, java);
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
        if (!(recall > 0 && recall <= 1)) {
            throw ImageSearchException.input("--recall is %s, expected more than 0, at most 1", recall);
        }
        if ((long) ScanIndex.trainingVectors(count, nlist) * dimension > Integer.MAX_VALUE) {
            throw ImageSearchException.input("--nlist %d and --dimension %d need too much memory", nlist, dimension);
        }
    }
}
