package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The time from starting {@code bin/serve} to its first answer, against the time in which the same files are read once; with files
 * that the system has in memory, and with files that it must fetch from the disk.
 */
@Command(
        name = "start",
        description = "from the start of bin/serve to its first answer, against reading the same files once")
final class StartBenchmark implements Benchmark {
    private static final int READ_BYTES = 1 << 20;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "500000",
            description = "vectors in the index that is made (default: ${DEFAULT-VALUE})")
    private int count;

    @Option(
            names = "--index",
            paramLabel = "DIR",
            description = "index to serve, in place of one that is made; only read")
    private Path index;

    @Option(
            names = "--model",
            paramLabel = "BUNDLE",
            description = "model bundle that the index was made with (default: the demo's)")
    private Path model;

    @Option(
            names = "--shards",
            paramLabel = "N",
            defaultValue = "4",
            description = "shards of the index that is made (default: ${DEFAULT-VALUE})")
    private int shards;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "3",
            description = "starts of each kind, of which the median counts (default: ${DEFAULT-VALUE})")
    private int repeats;

    @Option(
            names = "--setting",
            paramLabel = "LINE",
            description = "line of serve.conf, like 'index.screen = never'; may be repeated")
    private List<String> settings = new ArrayList<>();

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
        Sizes.requireRange("--count", count, 1000, 1_000_000_000);
        Sizes.requireRange("--shards", shards, 1, count);
        Sizes.requireRange("--repeats", repeats, 1, 100);
        Path bundle = (model == null ? Program.file("demo/model") : model).toAbsolutePath();
        try (WorkFolder folder = choice.open()) {
            Path root = index == null ? make(folder, bundle, report) : index.toAbsolutePath();
            List<Path> files = files(root, bundle);
            for (boolean cold : new boolean[] {false, true}) {
                measure(folder, root, bundle, files, cold, report);
            }
        }
    }

    /** An index of made-up vectors that passes for one of the model. */
    private Path make(WorkFolder folder, Path bundle, Report report) throws IOException, InterruptedException {
        ModelBundle opened = ModelBundle.open(bundle);
        ClipLikeVectors vectors = new ClipLikeVectors(opened.dimension(), seed);
        Path dataset = Files.createDirectories(folder.resolve("embeddings"));
        new VectorDataset(vectors, opened.fingerprint(), count, Math.min(1000, (count + 9) / 10), 100_000)
                .write(dataset, report);
        Path root = folder.resolve("index");
        Program.run(
                folder.resolve("merge.log"),
                List.of(
                        Program.file("bin/merge").toString(),
                        "--embeddings",
                        dataset.toString(),
                        "--index",
                        root.toString(),
                        "--shards",
                        Integer.toString(shards)));
        folder.remove("embeddings");
        return root;
    }

    /** What a server has to open. */
    private static List<Path> files(Path root, Path bundle) throws IOException {
        IndexDirectory directory = new IndexDirectory(root);
        List<Path> all = new ArrayList<>();
        for (Path folder : List.of(directory.generationPath(directory.currentGeneration()), bundle)) {
            try (Stream<Path> files = Files.walk(folder)) {
                files.filter(Files::isRegularFile).sorted().forEach(all::add);
            }
        }
        return all;
    }

    private void measure(WorkFolder folder, Path root, Path bundle, List<Path> files, boolean cold, Report report)
            throws IOException, InterruptedException {
        double[] starts = new double[repeats];
        double[] reads = new double[repeats];
        readAll(files);
        for (int i = 0; i < repeats; i++) {
            if (cold) {
                forget(folder, files);
            }
            long begin = System.nanoTime();
            readAll(files);
            reads[i] = SideBySide.secondsSince(begin);
            if (cold) {
                forget(folder, files);
            }
            starts[i] = firstAnswer(folder, root, bundle, report);
        }
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        report.figure(Figure.of(
                "start",
                String.format("%s, %d MiB, first answer", cold ? "from the disk" : "from memory", bytes >> 20),
                "s",
                SideBySide.median(starts),
                "reading the files once",
                SideBySide.median(reads)));
    }

    private double firstAnswer(WorkFolder folder, Path root, Path bundle, Report report)
            throws IOException, InterruptedException {
        long begin = System.nanoTime();
        try (ServeProcess server = ServeProcess.start(folder, "serve", root, bundle, settings)) {
            double listening = SideBySide.secondsSince(begin);
            HttpQuestions.Reply reply = new HttpQuestions(server.address()).get("/search?text=red+car&k=10");
            double seconds = SideBySide.secondsSince(begin);
            if (reply.status() != 200) {
                throw ImageSearchException.data(
                        "the first question is answered with %d: %s", reply.status(), reply.text());
            }
            report.note(
                    "serves after %.2f s, first answer after %.2f s, which took %.2f s of processors",
                    listening, seconds, ServeState.processorSeconds(server.pid()));
            return seconds;
        }
    }

    private static void readAll(List<Path> files) throws IOException {
        byte[] piece = new byte[READ_BYTES];
        for (Path file : files) {
            try (InputStream in = Files.newInputStream(file)) {
                while (in.read(piece) >= 0) {
                    // Only the reading counts.
                }
            }
        }
    }

    /** Has the system drop what it has of these files in memory; {@code dd} can ask for that without being root. */
    private static void forget(WorkFolder folder, List<Path> files) throws IOException, InterruptedException {
        for (Path file : files) {
            Program.run(
                    folder.resolve("dd.log"), List.of("dd", "if=" + file, "iflag=nocache", "count=0", "status=none"));
        }
    }
}
