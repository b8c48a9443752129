package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What {@code bin/embed} makes of a model and a machine: {@link EmbedCases}. */
@Command(
        name = "embed",
        description =
                "bin/embed against its slower half, a stand-in accelerator, Pillow and torch, itself on two executors")
final class EmbedBenchmark implements Benchmark {
    /** Files of their own; more are hard links to them, which a job cannot tell. */
    private static final int DIFFERENT = 300;

    /** What is compared. */
    enum Case {
        /** bin/embed with the slower of its halves. */
        pipeline,
        /** The pipeline with a stand-in for an accelerator. */
        accelerator,
        /** The pipeline with files prepared in memory, per processor. */
        feed,
        /** bin/embed with Pillow and torch. */
        python,
        /** Two executors with one. */
        executors,
        /** Batches of 2 to 64 with batches of 1. */
        batch,
        /** Memory at the end with memory after a fifth. */
        memory
    }

    @Option(
            names = "--case",
            paramLabel = "NAME",
            defaultValue = "pipeline",
            description = "${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE})")
    private Case chosen;

    @Mixin
    private EmbedModels models;

    @Option(
            names = "--pictures",
            paramLabel = "N",
            defaultValue = "2000",
            description = "JPEG files; the first 300 are made, others are links to them (default: ${DEFAULT-VALUE})")
    private int count;

    @Option(
            names = "--width",
            paramLabel = "N",
            defaultValue = "640",
            description = "pixels (default: ${DEFAULT-VALUE})")
    private int width;

    @Option(
            names = "--height",
            paramLabel = "N",
            defaultValue = "480",
            description = "pixels (default: ${DEFAULT-VALUE})")
    private int height;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "3",
            description = "runs of each side, of which the median counts (default: ${DEFAULT-VALUE})")
    private int repeats;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "10",
            description = "a part that runs alone runs this long (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of the pictures and of the model's weights (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        Sizes.requireRange("--pictures", count, 2, 10_000_000);
        Sizes.requireRange("--width", width, 8, 10_000);
        Sizes.requireRange("--height", height, 8, 10_000);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        Sizes.requireRange("--seconds", seconds, 1, 600);
        try (WorkFolder folder = choice.open()) {
            EmbedModels.Made model = models.open(folder, seed, report);
            Path pictures = makePictures(folder);
            report.note("made %,d pictures of %d x %d", count, width, height);
            EmbedSetup setup = new EmbedSetup(
                    folder,
                    report,
                    model.bundle(),
                    model.checkpoint(),
                    pictures,
                    count,
                    width + " x " + height,
                    repeats,
                    seconds);
            switch (chosen) {
                case pipeline -> EmbedCases.pipeline(setup);
                case accelerator -> EmbedCases.accelerator(setup);
                case feed -> EmbedCases.feed(setup);
                case python -> EmbedCases.python(setup);
                case executors -> EmbedCases.executors(setup);
                case batch -> EmbedCases.batch(setup);
                case memory -> EmbedCases.memory(setup);
            }
        }
    }

    private Path makePictures(WorkFolder folder) throws IOException {
        Path pictures = Files.createDirectories(folder.resolve("pictures"));
        int different = Math.min(count, DIFFERENT);
        try (PythonProcess maker = PythonProcess.start(
                folder,
                "make_jpegs.py",
                1,
                pictures.toString(),
                Integer.toString(different),
                Integer.toString(width),
                Integer.toString(height),
                Integer.toString(seed))) {
            maker.ask("");
        }
        for (int i = different; i < count; i++) {
            Files.createLink(pictures.resolve(name(i)), pictures.resolve(name(i % different)));
        }
        return pictures;
    }

    private static String name(int number) {
        return "%06d.jpg".formatted(number);
    }
}
