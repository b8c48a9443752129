package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.faiss.IvfIndex;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * What an index of codes costs and gives, beside our own index of floats under the same centroids, at the nprobe where that one
 * reaches a recall: bytes per vector, recall of pictures and of captions, queries per second on one thread; the latter also
 * against python3-faiss with the same file, where it can read all of it.
 */
@Command(
        name = "sizes",
        description = "bytes, recall and queries/s of indexes of codes, against our own of floats and python3-faiss")
final class SizesBenchmark implements Benchmark {
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
            names = "--factories",
            paramLabel = "F",
            split = ";",
            defaultValue =
                    "IVF,SQfp16;IVF,SQ8;IVF,SQ8,Refine(SQfp16);IVF,PQ128;IVF,PQ128,RFlat;IVF,PQ64,RFlat;IVF,PQ64,Refine(SQfp16)",
            description = "what is measured, factory strings without a number of lists (default: ${DEFAULT-VALUE})")
    private List<String> factories;

    @Option(
            names = "--candidates",
            paramLabel = "N",
            split = ",",
            defaultValue = "4,16,32",
            description =
                    "codes compared again per hit, a case each for factories that refine (default: ${DEFAULT-VALUE})")
    private List<Integer> candidates;

    @Option(
            names = "--recall",
            paramLabel = "R",
            defaultValue = "0.95",
            description =
                    "recall@10 of pictures and captions that the index of floats must reach (default: ${DEFAULT-VALUE})")
    private double recall;

    @Option(
            names = "--queries",
            paramLabel = "N",
            defaultValue = "200",
            description = "pictures, and captions, searched once per round (default: ${DEFAULT-VALUE})")
    private int queryCount;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "5",
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
            SizesIndexes indexes = SizesIndexes.train(vectors, count, nlist, seed, folder, report);
            IndexFactory flatFactory = IndexFactory.of(nlist, VectorCodec.FLAT);
            Path flatFile = indexes.build(flatFactory, report);
            try (IvfIndex flat = IvfIndex.read(flatFile)) {
                SizesQueries queries = new SizesQueries(vectors, count, queryCount, flat);
                RawFile.write(folder.resolve("queries.f32"), queries.pictures());
                int nprobe = leastNprobe(flat, queries);
                report.note(
                        "at nprobe %d: %s has recall %.4f of pictures, %.4f of words",
                        nprobe, flatFactory, queries.pictureRecall(flat, nprobe), queries.wordRecall(flat, nprobe));
                python(flat, flatFactory.toString(), flatFile, queries, nprobe, folder, report);
                for (String text : factories) {
                    IndexFactory factory = IndexFactory.parse(text).withNlist(nlist);
                    Path file = indexes.build(factory, report);
                    if (factory.refinement().isEmpty()) {
                        try (IvfIndex index = IvfIndex.read(file)) {
                            compare(index, factory, factory.toString(), flat, queries, nprobe, report);
                            python(index, factory.toString(), file, queries, nprobe, folder, report);
                        }
                        continue;
                    }
                    for (int some : candidates) {
                        try (IvfIndex index = IvfIndex.refined(file, indexes.store(factory, some), false)) {
                            compare(index, factory, factory + ", candidates " + some, flat, queries, nprobe, report);
                        }
                    }
                }
            }
        }
    }

    private void requireSizes() {
        Sizes.requireRange("--count", count, 1, 100_000_000);
        Sizes.requireRange("--nlist", nlist, 1, count);
        Sizes.requireRange("--queries", queryCount, 1, 100_000);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        candidates.forEach(some -> Sizes.requireRange("--candidates", some, 1, 1000));
        if (!(recall > 0 && recall <= 1)) {
            throw ImageSearchException.input("--recall is %s, expected more than 0 and at most 1", recall);
        }
        for (String text : factories) {
            IndexFactory.parse(text).codec().requireDimension(dimension);
        }
        if ((long) ScanIndex.trainingVectors(count, nlist) * dimension > Integer.MAX_VALUE) {
            throw ImageSearchException.input("--nlist %d and --dimension %d need too much memory", nlist, dimension);
        }
    }

    private int leastNprobe(IvfIndex flat, SizesQueries queries) {
        int nprobe = 1;
        while (nprobe < nlist
                && Math.min(queries.pictureRecall(flat, nprobe), queries.wordRecall(flat, nprobe)) < recall) {
            nprobe = Math.min(nlist, nprobe + Math.max(1, nprobe / 4));
        }
        return nprobe;
    }

    private void compare(
            IvfIndex index,
            IndexFactory factory,
            String variant,
            IvfIndex flat,
            SizesQueries queries,
            int nprobe,
            Report report)
            throws IOException {
        String other = "IVF" + nlist + ",Flat";
        int flatBytes = IndexFactory.of(nlist, VectorCodec.FLAT).bytesPerVector(dimension);
        report.figure(Figure.of(
                "sizes", variant, "bytes/vector scanned", factory.bytesPerVector(dimension), other, flatBytes));
        report.figure(Figure.of(
                "sizes",
                variant,
                "recall@10 of pictures",
                queries.pictureRecall(index, nprobe),
                other,
                queries.pictureRecall(flat, nprobe)));
        report.figure(Figure.of(
                "sizes",
                variant,
                "recall@10 of words",
                queries.wordRecall(index, nprobe),
                other,
                queries.wordRecall(flat, nprobe)));
        SideBySide times = SideBySide.measure(
                repeats, () -> queries.oneAtATime(index, nprobe), () -> queries.oneAtATime(flat, nprobe));
        report.figure(Figure.of(
                "sizes",
                variant + ", nprobe " + nprobe,
                "queries/s",
                queryCount / times.ourSeconds(),
                other,
                queryCount / times.theirSeconds()));
    }

    private void python(
            IvfIndex index,
            String variant,
            Path file,
            SizesQueries queries,
            int nprobe,
            WorkFolder folder,
            Report report)
            throws IOException {
        try (PythonProcess python = PythonProcess.start(
                folder,
                "scan.py",
                1,
                file.toString(),
                folder.resolve("queries.f32").toString(),
                Integer.toString(dimension),
                Integer.toString(SizesQueries.K),
                folder.resolve("ids.i64").toString(),
                folder.resolve("scores.f32").toString())) {
            List<String> version = new ArrayList<>();
            SideBySide times = SideBySide.measure(repeats, () -> queries.oneAtATime(index, nprobe), () -> {
                JsonNode answer = python.ask(Integer.toString(nprobe));
                version.add(answer.get("version").asText());
                return answer.get("seconds").asDouble();
            });
            queries.requireLike(index, nprobe, RawFile.longs(folder.resolve("ids.i64")));
            report.figure(Figure.of(
                    "sizes",
                    variant + ", nprobe " + nprobe,
                    "queries/s",
                    queryCount / times.ourSeconds(),
                    "python3-faiss " + version.get(0),
                    queryCount / times.theirSeconds()));
        }
    }
}
