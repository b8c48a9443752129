package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bin/serve} under load, against the same searches without a server: {@link ServeCases}. */
@Command(name = "serve", description = "bin/serve under load over HTTP, against the same searches in process")
final class ServeBenchmark implements Benchmark {
    /** What is measured. */
    enum Case {
        /** As many queries as it can, and one at a time. */
        search,
        /** At seven tenths of what it can, then at many times that. */
        overload
    }

    /** All clients have one address here; elsewhere, so many connections of one are turned away. */
    private static final List<String> SETTINGS =
            List.of("index.screen = always", "http.connections-per-address = 2000");

    @Option(
            names = "--case",
            paramLabel = "NAME",
            split = ",",
            defaultValue = "search,overload",
            description = "${COMPLETION-CANDIDATES}, a list (default: ${DEFAULT-VALUE})")
    private List<Case> cases;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "200000",
            description = "vectors (default: ${DEFAULT-VALUE})")
    private int count;

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
            description = "shards (default: ${DEFAULT-VALUE})")
    private int shards;

    @Option(
            names = "--nprobe",
            paramLabel = "N",
            split = ",",
            defaultValue = "16,64",
            description = "lists probed, figures for each (default: ${DEFAULT-VALUE})")
    private List<Integer> nprobes;

    @Option(names = "--k", paramLabel = "K", defaultValue = "10", description = "hits (default: ${DEFAULT-VALUE})")
    private int k;

    @Option(
            names = "--queries",
            paramLabel = "N",
            defaultValue = "500",
            description = "pictures that are not in the index, asked in turns (default: ${DEFAULT-VALUE})")
    private int queries;

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "32",
            description = "connections that ask as much as they can (default: ${DEFAULT-VALUE})")
    private int clients;

    @Option(
            names = "--times",
            paramLabel = "X",
            defaultValue = "10",
            description = "overload, in times of what the server can (default: ${DEFAULT-VALUE})")
    private double times;

    @Option(
            names = "--seconds",
            paramLabel = "S",
            defaultValue = "3",
            description = "of a round (default: ${DEFAULT-VALUE})")
    private double seconds;

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
            description = "of vectors, training and arrivals (default: ${DEFAULT-VALUE})")
    private int seed;

    @Option(
            names = "--index",
            paramLabel = "DIR",
            description =
                    "index that this benchmark made with the same --model and --seed, in place of --count, --nlist and"
                            + " --shards (default: one is made)")
    private Path index;

    @Mixin
    private EmbedModels models;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        requireSizes();
        try (WorkFolder folder = choice.open()) {
            ModelBundle model = models.open(folder, seed, report).bundle();
            ClipLikeVectors vectors = new ClipLikeVectors(model.dimension(), seed);
            if (index == null) {
                index = folder.resolve("index");
                build(folder, vectors, model, report);
            }
            IndexDirectory directory = new IndexDirectory(index);
            IndexManifest manifest = directory.readManifest(directory.currentGeneration());
            manifest.model().requireSame("the index " + index, model.fingerprint(), "the model " + model.directory());
            nprobes.forEach(nprobe -> Sizes.requireRange("--nprobe", nprobe, 1, manifest.nlist()));
            Cores cores = Cores.inHalves();
            report.note(
                    "%,d vectors of %d floats; the server and searches in process on processor %s, the client on %s",
                    manifest.count(), manifest.dimension(), cores.measured(), cores.driver());
            float[][] asked = new float[queries][];
            for (int i = 0; i < queries; i++) {
                asked[i] = vectors.picture(manifest.count() + i);
            }
            try (ServeProcess server =
                    ServeProcess.start(cores.measuring(), folder, "serve", index, model.directory(), SETTINGS)) {
                for (int nprobe : nprobes) {
                    measure(server, cores, asked, nprobe, report);
                }
            }
        }
    }

    private void measure(ServeProcess server, Cores cores, float[][] asked, int nprobe, Report report)
            throws IOException, InterruptedException {
        try (InProcessSearch inProcess = new InProcessSearch(index, nprobe, k, true, cores)) {
            ServeCases measuring =
                    new ServeCases(server, cores, inProcess, asked, nprobe, k, clients, seconds, repeats, seed, report);
            measuring.requireSame();
            for (Case one : cases) {
                switch (one) {
                    case search -> measuring.search();
                    case overload -> measuring.overload(times);
                }
            }
        }
    }

    private void build(WorkFolder folder, ClipLikeVectors vectors, ModelBundle model, Report report)
            throws IOException, InterruptedException {
        Path dataset = Files.createDirectories(folder.resolve("embeddings"));
        new VectorDataset(vectors, model.fingerprint(), count, Math.min(1000, (count + 9) / 10), 100_000)
                .write(dataset, report);
        Program.run(
                folder.resolve("merge.log"),
                List.of(
                        Program.file("bin/merge").toString(),
                        "--embeddings",
                        dataset.toString(),
                        "--index",
                        index.toString(),
                        "--nlist",
                        Integer.toString(nlist),
                        "--shards",
                        Integer.toString(shards),
                        "--seed",
                        Integer.toString(seed)));
        folder.remove("embeddings");
        report.note("made an index of %,d vectors", count);
    }

    private void requireSizes() {
        Sizes.requireRange("--count", count, 1, 100_000_000);
        Sizes.requireRange("--nlist", nlist, 1, count);
        Sizes.requireRange("--shards", shards, 1, count);
        Sizes.requireRange("--k", k, 1, 1000);
        Sizes.requireRange("--queries", queries, 1, 100_000);
        Sizes.requireRange("--clients", clients, 1, 1000);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        if (!(seconds > 0 && seconds <= 600)) {
            throw ImageSearchException.input("--seconds is %s, expected more than 0, at most 600", seconds);
        }
        if (!(times > 1 && times <= 1000)) {
            throw ImageSearchException.input("--times is %s, expected more than 1, at most 1000", times);
        }
    }
}
