package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.EmbeddingReader;
import org.imagesearch.core.parquet.EmbeddingRow;
import org.imagesearch.core.parquet.FileSlice;

/** The cases of {@link EmbedBenchmark}, each with the sides that it compares. */
final class EmbedCases {
    /** Of float32 on either side, in another order of summation. */
    private static final double LEAST_COSINE = 0.9999;

    private EmbedCases() {}

    /** bin/embed against the slower of its two halves, each of which has all processors to itself. */
    static void pipeline(EmbedSetup setup) throws IOException, InterruptedException {
        EmbedProgram program = setup.program();
        int threads = HostRates.processors();
        try (HostRates alone = HostRates.open(setup.pictures(), setup.bundle(), EmbedSetup.BATCH)) {
            alone.model(setup.seconds()); // to warm up
            List<Double> slower = new ArrayList<>();
            List<Double> embedding = new ArrayList<>();
            List<Double> whole = new ArrayList<>();
            slower.add(slower(alone, threads, setup));
            for (int i = 0; i < setup.repeats(); i++) {
                EmbedProgram.Rates rates = program.run(List.of());
                embedding.add(rates.embedding());
                whole.add(rates.whole());
                slower.add(slower(alone, threads, setup));
            }
            String other = "the slower of the model and decoding alone, " + threads + " threads";
            setup.figure("first to last of %,d".formatted(setup.count()), median(embedding), other, median(slower));
            setup.figure("whole command, %,d".formatted(setup.count()), median(whole), other, median(slower));
        }
    }

    private static double slower(HostRates alone, int threads, EmbedSetup setup) throws InterruptedException {
        double model = alone.model(setup.seconds());
        double squares = alone.squares(threads, setup.seconds());
        setup.report().note("alone: model %.1f pictures/s, decoding and resizing %.1f pictures/s", model, squares);
        return Math.min(model, squares);
    }

    /**
     * The pipeline against a stand-in for an accelerator, which is waited for and uses no processor: slower than decoding, as fast,
     * and faster.
     */
    static void accelerator(EmbedSetup setup) throws IOException, InterruptedException {
        FeedProgram feed = new FeedProgram(setup);
        int threads = HostRates.processors();
        try (HostRates alone = HostRates.open(setup.pictures(), setup.bundle(), EmbedSetup.BATCH)) {
            alone.squares(threads, setup.seconds());
            double decoding = alone.squares(threads, setup.seconds());
            for (double share : new double[] {0.5, 1, 2}) {
                double accelerator = Math.rint(share * decoding);
                List<Double> fed = new ArrayList<>();
                List<Double> slower = new ArrayList<>();
                for (int i = 0; i < setup.repeats(); i++) {
                    slower.add(Math.min(accelerator, alone.squares(threads, setup.seconds())));
                    fed.add(feed.rate(threads, accelerator));
                    slower.add(Math.min(accelerator, alone.squares(threads, setup.seconds())));
                }
                setup.figure(
                        "modelled accelerator of %.0f pictures/s".formatted(accelerator),
                        median(fed),
                        "the slower of it and decoding alone, " + threads + " threads",
                        median(slower));
            }
        }
    }

    /** Pictures per second and processor from files to full batches, against the same pictures prepared in memory. */
    static void feed(EmbedSetup setup) throws IOException, InterruptedException {
        FeedProgram feed = new FeedProgram(setup);
        try (HostRates alone = HostRates.open(setup.pictures(), setup.bundle(), EmbedSetup.BATCH)) {
            alone.squares(1, setup.seconds());
            for (int threads = 1; threads <= HostRates.processors(); threads = next(threads)) {
                List<Double> fed = new ArrayList<>();
                List<Double> prepared = new ArrayList<>();
                for (int i = 0; i < setup.repeats(); i++) {
                    fed.add(feed.rate(threads, 0) / threads);
                    prepared.add(alone.squares(threads, setup.seconds()) / threads);
                }
                setup.figure(
                        "feed per processor, %s, %d decoders".formatted(setup.size(), threads),
                        median(fed),
                        "the same files prepared in memory",
                        median(prepared));
            }
        }
    }

    private static int next(int threads) {
        return threads < HostRates.processors() ? Math.min(2 * threads, HostRates.processors()) : threads + 1;
    }

    /** bin/embed against Pillow and torch, which must come to the same embeddings. */
    static void python(EmbedSetup setup) throws IOException, InterruptedException {
        if (setup.checkpoint() == null) {
            throw ImageSearchException.input(
                    "torch needs the model's checkpoint: --model vit-b-32, or --checkpoint DIR");
        }
        Path theirEmbeddings = setup.folder().resolve("theirs.f32");
        EmbedProgram program = setup.program();
        try (PythonProcess torch = PythonProcess.start(
                setup.folder(),
                "embed.py",
                HostRates.processors(),
                Program.file("models").toString(),
                setup.checkpoint().toString(),
                setup.pictures().toString(),
                Integer.toString(EmbedSetup.BATCH),
                theirEmbeddings.toString())) {
            torch.ask(Integer.toString(Math.min(setup.count(), EmbedSetup.BATCH))); // to warm up
            List<Double> embedding = new ArrayList<>();
            List<Double> whole = new ArrayList<>();
            List<Double> theirs = new ArrayList<>();
            String version = "";
            for (int i = 0; i < setup.repeats(); i++) {
                JsonNode answer = torch.ask(Integer.toString(setup.count()));
                version = answer.get("version").asText();
                theirs.add(setup.count() / answer.get("seconds").asDouble());
                EmbedProgram.Rates rates = program.run(List.of());
                requireSame(rates.dataset(), setup, theirEmbeddings);
                embedding.add(rates.embedding());
                whole.add(rates.whole());
            }
            String other = "Pillow and torch " + version + ", batch " + EmbedSetup.BATCH;
            setup.figure("first to last of %,d".formatted(setup.count()), median(embedding), other, median(theirs));
            setup.figure("whole command, %,d".formatted(setup.count()), median(whole), other, median(theirs));
        }
    }

    /** Both sides took the files in the order of their names, and ids are given in that order. */
    private static void requireSame(Path dataset, EmbedSetup setup, Path theirEmbeddings) throws IOException {
        int dimension = setup.bundle().dimension();
        FloatBuffer theirs = ByteBuffer.wrap(Files.readAllBytes(theirEmbeddings))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        List<FileSlice> slices = new ArrayList<>();
        try (var files = Files.walk(dataset.resolve("images"))) {
            files.filter(file -> file.toString().endsWith(".parquet"))
                    .forEach(file -> slices.add(FileSlice.whole(new org.apache.hadoop.fs.Path(file.toUri()))));
        }
        try (EmbeddingReader<EmbeddingRow> rows = EmbeddingReader.images(
                slices, dimension, Optional.of(setup.bundle().fingerprint()), new Configuration(false))) {
            while (rows.hasNext()) {
                EmbeddingRow row = rows.next();
                double cosine = 0;
                for (int i = 0; i < dimension; i++) {
                    cosine += row.embedding()[i] * theirs.get((int) row.id() * dimension + i);
                }
                if (!(cosine >= LEAST_COSINE)) {
                    throw ImageSearchException.data(
                            "%s: our embedding and torch's have the cosine %.6f, expected at least %s",
                            row.uri(), cosine, LEAST_COSINE);
                }
            }
        }
    }

    /** Two executors of one processor each against one. */
    static void executors(EmbedSetup setup) throws IOException, InterruptedException {
        EmbedProgram program = setup.program();
        // Each executor believes that it has the machine; what it may use is said here.
        List<String> oneProcessor = List.of("model.threads = 1", "pipeline.decoders = 1");
        try (StandaloneSpark one = StandaloneSpark.start(setup.folder(), "one", 1);
                StandaloneSpark two = StandaloneSpark.start(setup.folder(), "two", 2)) {
            List<Double> byOne = new ArrayList<>();
            List<Double> byTwo = new ArrayList<>();
            for (int i = 0; i < setup.repeats(); i++) {
                byOne.add(program.run(oneProcessor, "--master", one.master()).embedding());
                byTwo.add(program.run(oneProcessor, "--master", two.master()).embedding());
            }
            setup.figure(
                    "two executors, first to last of %,d".formatted(setup.count()),
                    median(byTwo),
                    "one executor",
                    median(byOne));
        }
    }

    /** The model on batches of several sizes against batches of one picture. */
    static void batch(EmbedSetup setup) throws IOException {
        double one = 0;
        for (int batch : new int[] {1, 2, 4, 8, 16, 32, 64}) {
            try (HostRates alone = HostRates.open(setup.pictures(), setup.bundle(), batch)) {
                alone.model(1);
                double rate = alone.model(setup.seconds());
                one = batch == 1 ? rate : one;
                setup.figure("model alone, batch " + batch, rate, "batch 1", one);
            }
        }
    }

    /** Memory of a job over very many pictures: at its end against when a fifth was done. */
    static void memory(EmbedSetup setup) throws IOException, InterruptedException {
        EmbedProgram program = setup.program();
        Path dataset = setup.folder().resolve("embeddings-memory");
        MemorySamples samples = MemorySamples.resident();
        List<String> lines = Program.run(
                setup.folder().resolve("embed-memory.log"), program.command(dataset, List.of()), samples::watch);
        EmbedProgram.Rates rates = program.rates(lines, dataset);
        setup.report().note("most memory: %,d MiB; %.0f pictures/s", samples.mostMebibytes(), rates.embedding());
        setup.report()
                .figure(Figure.of(
                        "embed",
                        setup.bundle().name() + ", memory over %,d pictures".formatted(setup.count()),
                        "MiB, less is better",
                        samples.atShare(0.95),
                        "after a fifth of the time",
                        samples.atShare(0.2)));
    }

    private static double median(List<Double> values) {
        return SideBySide.median(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
