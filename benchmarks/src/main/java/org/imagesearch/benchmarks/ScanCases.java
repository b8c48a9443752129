package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.imagesearch.faiss.IvfIndex;

/** The cases that compare searches of one index. Both sides of each must find the same. */
final class ScanCases {
    private static final int BATCH_QUERIES = 256;
    private static final int BATCH_NPROBE = 64;
    private static final int BANDWIDTH_NPROBE = 256;
    private static final double GIGA = 1e9;

    private ScanCases() {}

    /** Our search against python3-faiss, once as the index is and once with a screen. */
    static void python(ScanSetup setup, List<Integer> nprobes) throws IOException {
        WorkFolder folder = setup.folder();
        RawFile.write(folder.resolve("queries.f32"), setup.queries());
        for (boolean screened : new boolean[] {false, true}) {
            try (IvfIndex index = ScanIndex.read(setup.file(), screened);
                    PythonProcess python = PythonProcess.start(
                            folder,
                            "scan.py",
                            1,
                            setup.file().toString(),
                            folder.resolve("queries.f32").toString(),
                            Integer.toString(setup.dimension()),
                            Integer.toString(setup.k()),
                            folder.resolve("ids.i64").toString(),
                            folder.resolve("scores.f32").toString())) {
                for (int nprobe : nprobes) {
                    python(setup, index, nprobe, python, "nprobe=" + nprobe + (screened ? ", screened" : ""));
                }
            }
        }
    }

    private static void python(ScanSetup setup, IvfIndex index, int nprobe, PythonProcess python, String variant)
            throws IOException {
        Hits ours = setup.newHits();
        String[] version = new String[1];
        SideBySide times = SideBySide.measure(setup.repeats(), () -> oneAtATime(setup, index, nprobe, ours), () -> {
            JsonNode answer = python.ask(Integer.toString(nprobe));
            version[0] = answer.get("version").asText();
            return answer.get("seconds").asDouble();
        });
        Hits theirs = new Hits(
                RawFile.longs(setup.folder().resolve("ids.i64")),
                RawFile.floats(setup.folder().resolve("scores.f32")));
        ours.requireSame(theirs, setup.k());
        int queries = setup.queryCount();
        setup.figure(
                variant,
                "queries/s",
                queries / times.ourSeconds(),
                "python3-faiss " + version[0],
                queries / times.theirSeconds());
    }

    /** One call for many queries against one call for each, without and with a screen for the latter. */
    static void batch(ScanSetup setup) throws IOException {
        int nprobe = Math.min(BATCH_NPROBE, setup.nlist());
        ScanSetup many = new ScanSetup(
                setup.folder(),
                setup.report(),
                setup.file(),
                setup.vectors(),
                setup.count(),
                setup.nlist(),
                setup.vectors().pictures(setup.count(), BATCH_QUERIES),
                setup.k(),
                setup.repeats());
        for (boolean screened : new boolean[] {false, true}) {
            try (IvfIndex index = ScanIndex.read(setup.file(), screened)) {
                Hits together = many.newHits();
                Hits single = many.newHits();
                SideBySide times = SideBySide.measure(
                        setup.repeats(),
                        () -> {
                            long begin = System.nanoTime();
                            index.search(
                                    many.queries(),
                                    BATCH_QUERIES,
                                    many.k(),
                                    nprobe,
                                    null,
                                    together.ids(),
                                    together.scores());
                            return SideBySide.secondsSince(begin);
                        },
                        () -> oneAtATime(many, index, nprobe, single));
                together.requireSame(single, many.k());
                setup.figure(
                        "batch" + (screened ? ", screened" : ""),
                        "queries/s",
                        BATCH_QUERIES / times.ourSeconds(),
                        "one at a time",
                        BATCH_QUERIES / times.theirSeconds());
            }
        }
    }

    /** Bytes of vectors scanned per second against plain reading of the same lists. */
    static void bandwidth(ScanSetup setup) throws IOException {
        int nprobe = Math.min(BANDWIDTH_NPROBE, setup.nlist());
        int queries = setup.queryCount();
        try (IvfIndex index = IvfIndex.read(setup.file())) {
            long[] lists = new long[queries * nprobe];
            float[] coarse = new float[lists.length];
            index.assign(setup.queries(), queries, nprobe, lists, coarse);
            long bytes =
                    LongStream.of(lists).map(list -> index.listSize((int) list)).sum() * index.codeBytes();
            SideBySide times = SideBySide.measure(
                    setup.repeats(),
                    () -> {
                        long[] ids = new long[setup.k()];
                        float[] scores = new float[setup.k()];
                        long begin = System.nanoTime();
                        for (int query = 0; query < queries; query++) {
                            index.searchPreassigned(
                                    row(setup, query),
                                    1,
                                    setup.k(),
                                    Arrays.copyOfRange(lists, query * nprobe, (query + 1) * nprobe),
                                    Arrays.copyOfRange(coarse, query * nprobe, (query + 1) * nprobe),
                                    nprobe,
                                    null,
                                    null,
                                    ids,
                                    scores);
                        }
                        return SideBySide.secondsSince(begin);
                    },
                    () -> {
                        long begin = System.nanoTime();
                        index.readLists(lists);
                        return SideBySide.secondsSince(begin);
                    });
            setup.figure(
                    "bandwidth",
                    "GB/s",
                    bytes / GIGA / times.ourSeconds(),
                    "plain reading",
                    bytes / GIGA / times.theirSeconds());
        }
    }

    /** Seconds of searching for every query of the setup, one call each. */
    static double oneAtATime(ScanSetup setup, IvfIndex index, int nprobe, Hits hits) {
        int k = setup.k();
        float[] query = new float[setup.dimension()];
        long[] ids = new long[k];
        float[] scores = new float[k];
        long begin = System.nanoTime();
        for (int i = 0; i < setup.queryCount(); i++) {
            System.arraycopy(setup.queries(), i * query.length, query, 0, query.length);
            index.search(query, 1, k, nprobe, null, ids, scores);
            System.arraycopy(ids, 0, hits.ids(), i * k, k);
            System.arraycopy(scores, 0, hits.scores(), i * k, k);
        }
        return SideBySide.secondsSince(begin);
    }

    static float[] row(ScanSetup setup, int query) {
        int dimension = setup.dimension();
        return Arrays.copyOfRange(setup.queries(), query * dimension, (query + 1) * dimension);
    }
}
