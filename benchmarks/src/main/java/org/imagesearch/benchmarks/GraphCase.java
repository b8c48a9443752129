package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.IvfIndex;

/**
 * One query at a time against Lucene's HNSW graph of the same vectors, each side at the cheapest setting with which it reaches a
 * recall. Lucene runs in a JDK of its own, with its vector instructions on.
 */
final class GraphCase {
    private static final String SOURCE = "GraphSearch.java";
    private static final String LIBRARY = "benchmarks/target/lucene/lucene-core.jar";
    private static final String HEAP = "-Xmx4g";
    private static final int BATCH = 8192;

    /** Settings tried, ascending: hits that the graph looks for (ef), and lists that we probe. */
    private static final int[] EFFORTS = {
        10, 12, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 100, 120, 150, 200, 250, 300, 400, 500, 700, 1000
    };

    private static final int[] NPROBES = {
        1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 1024
    };

    private final ScanSetup setup;
    private final double recall;
    private final Hits exact;

    private GraphCase(ScanSetup setup, double recall, IvfIndex index) {
        this.setup = setup;
        this.recall = recall;
        this.exact = setup.newHits();
        // With every list probed, nothing is left out: these are the exact neighbours.
        index.search(setup.queries(), setup.queryCount(), setup.k(), setup.nlist(), null, exact.ids(), exact.scores());
    }

    static void run(ScanSetup setup, double recall, Path java) throws IOException {
        Path vectors = setup.folder().resolve("vectors.f32");
        Path queries = setup.folder().resolve("queries.f32");
        RawFile.write(queries, setup.queries());
        try (FileChannel channel = FileChannel.open(vectors, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int from = 0; from < setup.count(); from += BATCH) {
                RawFile.append(channel, setup.vectors().pictures(from, Math.min(BATCH, setup.count() - from)));
            }
        }
        List<String> command = List.of(
                java.toString(),
                HEAP,
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                Program.file(LIBRARY).toString());
        try (IvfIndex index = ScanIndex.read(setup.file(), true);
                ScriptProcess lucene = ScriptProcess.start(
                        setup.folder(),
                        command,
                        SOURCE,
                        1,
                        vectors.toString(),
                        queries.toString(),
                        Integer.toString(setup.dimension()),
                        Integer.toString(setup.k()),
                        setup.folder().resolve("graph").toString(),
                        setup.folder().resolve("graph.i64").toString())) {
            new GraphCase(setup, recall, index).compare(index, lucene);
        }
    }

    private void compare(IvfIndex index, ScriptProcess lucene) throws IOException {
        JsonNode built = lucene.ask("build");
        setup.report()
                .note(
                        "Lucene %s on Java %s, vectors by %s: built the graph in %.1f s",
                        built.get("version").asText(),
                        built.get("java").asText(),
                        built.get("provider").asText(),
                        built.get("seconds").asDouble());
        Hits hits = setup.newHits();
        int nprobe = cheapest(
                "nprobe", Arrays.stream(NPROBES).filter(n -> n <= setup.nlist()).toArray(), setting -> {
                    ScanCases.oneAtATime(setup, index, setting, hits);
                    return hits.ids();
                });
        Path found = setup.folder().resolve("graph.i64");
        int effort = cheapest("ef", EFFORTS, setting -> {
            lucene.ask(Integer.toString(setting));
            return RawFile.longs(found);
        });
        SideBySide times = SideBySide.measure(
                setup.repeats(),
                () -> ScanCases.oneAtATime(setup, index, nprobe, hits),
                () -> lucene.ask(Integer.toString(effort)).get("seconds").asDouble());
        setup.figure(
                "recall@%d=%.3f (nprobe %d) and %.3f (ef %d), screened"
                        .formatted(setup.k(), recall(hits.ids()), nprobe, recall(RawFile.longs(found)), effort),
                "queries/s",
                setup.queryCount() / times.ourSeconds(),
                "Lucene " + built.get("version").asText() + " HNSW",
                setup.queryCount() / times.theirSeconds());
    }

    private interface Search {
        long[] ids(int setting) throws IOException;
    }

    private int cheapest(String name, int[] settings, Search search) throws IOException {
        double best = 0;
        for (int setting : settings) {
            best = recall(search.ids(setting));
            setup.report().note("%s %d: recall %.4f", name, setting, best);
            if (best >= recall) {
                return setting;
            }
        }
        throw ImageSearchException.data("the recall is %s at the greatest %s, expected %s", best, name, recall);
    }

    private double recall(long[] ids) {
        int k = setup.k();
        int common = 0;
        for (int query = 0; query < setup.queryCount(); query++) {
            Set<Long> wanted = new HashSet<>();
            for (int i = query * k; i < (query + 1) * k; i++) {
                wanted.add(exact.ids()[i]);
            }
            for (int i = query * k; i < (query + 1) * k; i++) {
                common += wanted.contains(ids[i]) ? 1 : 0;
            }
        }
        return (double) common / (setup.queryCount() * k);
    }
}
