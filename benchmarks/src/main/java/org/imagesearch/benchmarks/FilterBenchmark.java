package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.FaissLibrary;
import org.imagesearch.faiss.IvfIndex;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Searches that are limited to a share of the pictures, against post-filtering: more and more hits without the filter, of which those
 * are kept that it lets through. Queries per second and recall@k of both, on one thread, coarse step included; what finds out which
 * pictures match is left out on both sides (bin/bench rows measures it).
 */
@Command(
        name = "filter",
        description =
                "searches that are limited to a share of the pictures, against fetching more hits and dropping others")
final class FilterBenchmark implements Benchmark {
    /** Which pictures a filter lets through. */
    enum Kind {
        /** Any, whatever is on them. */
        random,
        /** All of some subjects, which are seldom what the query is near to. */
        subjects
    }

    @Option(
            names = "--kind",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "random,subjects",
            description = "${COMPLETION-CANDIDATES}, a list (default: ${DEFAULT-VALUE})")
    private List<Kind> kinds;

    @Option(
            names = "--share",
            paramLabel = "SHARE",
            split = ",",
            defaultValue = "0.0001,0.001,0.01,0.1,0.5,1",
            description = "of the pictures that match, figures each (default: ${DEFAULT-VALUE})")
    private List<Double> shares;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "500000",
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
            defaultValue = "2048",
            description = "inverted lists (default: ${DEFAULT-VALUE})")
    private int nlist;

    @Option(
            names = "--nprobe",
            paramLabel = "N",
            defaultValue = "32",
            description = "lists that a search without a filter probes (default: ${DEFAULT-VALUE})")
    private int nprobe;

    @Option(
            names = "--queries",
            paramLabel = "N",
            defaultValue = "100",
            description = "pictures that are not in the index, searched once per round (default: ${DEFAULT-VALUE})")
    private int queryCount;

    @Option(names = "--k", paramLabel = "K", defaultValue = "10", description = "hits (default: ${DEFAULT-VALUE})")
    private int k;

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
            description = "of vectors, training and filters (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException {
        requireSizes();
        report.note("instruction set: %s", FaissLibrary.instructionSet());
        try (WorkFolder folder = choice.open()) {
            ClipLikeVectors vectors = new ClipLikeVectors(dimension, seed);
            Path file = folder.resolve("filter.faiss");
            ScanIndex.build(vectors, count, nlist, seed, file, report);
            float[] queries = vectors.pictures(count, queryCount);
            for (boolean screened : new boolean[] {false, true}) {
                try (IvfIndex index = ScanIndex.read(file, screened)) {
                    for (Kind kind : kinds) {
                        for (double share : shares) {
                            measure(
                                    report,
                                    new FilterCase(index, queries, k, nprobe, matching(vectors, kind, share)),
                                    variant(kind, share, screened));
                        }
                    }
                }
            }
        }
    }

    private void measure(Report report, FilterCase one, String variant) throws IOException {
        try (one) {
            SideBySide times = SideBySide.measure(repeats, one::ours, one::theirs);
            report.figure(Figure.of(
                    "filter",
                    variant,
                    "queries/s",
                    queryCount / times.ourSeconds(),
                    "post-filtering",
                    queryCount / times.theirSeconds()));
            report.note(
                    "%s: recall@%d %.3f, post-filtering %.3f; hits that were to be had %.3f, post-filtering %.3f",
                    variant, k, one.ourRecall(), one.theirRecall(), one.ourFill(), one.theirFill());
            if (one.theirRecall() > 0) {
                report.figure(Figure.of(
                        "filter", variant, "recall@" + k, one.ourRecall(), "post-filtering", one.theirRecall()));
            }
        }
    }

    private String variant(Kind kind, double share, boolean screened) {
        return String.format(Locale.ROOT, "%s, share=%s%s", kind, share, screened ? ", screened" : "");
    }

    /** The ids that match, ascending, at least one. */
    private long[] matching(ClipLikeVectors vectors, Kind kind, double share) {
        if (share == 1) {
            return LongStream.range(0, count).toArray();
        }
        long[] ids = new long[count];
        int found = 0;
        for (int id = 0; id < count; id++) {
            int subject = kind == Kind.random ? id : vectors.cluster(id);
            if (new Noise(seed, subject, 77).nextUniform() < share) {
                ids[found++] = id;
            }
        }
        return Arrays.copyOf(ids, Math.max(1, found));
    }

    private void requireSizes() {
        Sizes.requireRange("--count", count, 1, 100_000_000);
        Sizes.requireRange("--nlist", nlist, 1, count);
        Sizes.requireRange("--nprobe", nprobe, 1, nlist);
        Sizes.requireRange("--queries", queryCount, 1, 100_000);
        Sizes.requireRange("--k", k, 1, 1000);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        for (double share : shares) {
            if (!(share > 0 && share <= 1)) {
                throw ImageSearchException.input("--share is %s, expected more than 0, at most 1", share);
            }
        }
    }
}
