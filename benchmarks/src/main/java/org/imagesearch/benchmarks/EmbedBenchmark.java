package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.imagesearch.clip.DecodeLimits;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.PictureDecoder;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * What {@code bin/embed} makes of the model: its pictures per second, reading, decoding, writing and the start of Spark included,
 * against those of the model alone on squares that lie ready in memory. 1 would be a job that costs nothing but the model.
 */
@Command(
        name = "embed",
        description = "bin/embed on demo pictures, end to end, against the model alone on prepared squares")
final class EmbedBenchmark implements Benchmark {
    private static final Pattern SUMMARY =
            Pattern.compile("([\\d,]+) pictures embedded, ([\\d,]+) failed, ([\\d.]+) s, .*");

    /** Batch and squares of the model alone; bin/embed's own default is the same batch. */
    private static final int BATCH = 32;

    private static final int PREPARED_BATCHES = 8;

    @Option(
            names = "--pictures",
            paramLabel = "N",
            defaultValue = "4000",
            description = "demo pictures to make (default: ${DEFAULT-VALUE})")
    private int count;

    @Option(names = "--input", paramLabel = "DIR", description = "folder of pictures of your own instead")
    private Path input;

    @Option(names = "--model", paramLabel = "BUNDLE", description = "model bundle (default: demo/model)")
    private Path model;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "2",
            description = "runs of bin/embed, of which the median counts (default: ${DEFAULT-VALUE})")
    private int repeats;

    @Option(
            names = "--model-seconds",
            paramLabel = "N",
            defaultValue = "5",
            description = "the model alone runs this long before and after each of them (default: ${DEFAULT-VALUE})")
    private int modelSeconds;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of the pictures (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        Sizes.requireRange("--pictures", count, 1, 1_000_000);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        Sizes.requireRange("--model-seconds", modelSeconds, 1, 600);
        ModelBundle bundle = ModelBundle.open((model == null ? Program.file("demo/model") : model)
                .toAbsolutePath()
                .normalize());
        try (WorkFolder folder = choice.open()) {
            Path pictures = input == null ? makePictures(folder, report) : input.toAbsolutePath();
            int threads = Runtime.getRuntime().availableProcessors();
            try (ImageEncoder encoder = ImageEncoder.open(bundle, EncoderSettings.cpu(threads, BATCH))) {
                ByteBuffer squares = prepare(pictures, bundle, encoder);
                double[] model = new double[repeats + 1];
                double[] pipeline = new double[repeats];
                modelRate(encoder, squares);
                model[0] = modelRate(encoder, squares);
                for (int i = 0; i < repeats; i++) {
                    Path output = folder.resolve("embeddings-" + i);
                    pipeline[i] = pipelineRate(output, folder.resolve("embed.log"), pictures, bundle, report);
                    model[i + 1] = modelRate(encoder, squares);
                    report.note("model alone: %.1f pictures/s", model[i + 1]);
                }
                report.figure(Figure.of(
                        "embed",
                        bundle.name() + ", " + bundle.image().size() + " x "
                                + bundle.image().size(),
                        "pictures/s",
                        SideBySide.median(pipeline),
                        "model alone, " + threads + " threads",
                        SideBySide.median(model)));
            }
        }
    }

    private Path makePictures(WorkFolder folder, Report report) throws IOException, InterruptedException {
        Path pictures = folder.resolve("pictures");
        Program.run(
                folder.resolve("make_pictures.log"),
                List.of(
                        "/usr/bin/python3",
                        Program.file("demo/make_pictures.py").toString(),
                        "--output",
                        pictures.toString(),
                        "--count",
                        Integer.toString(count),
                        "--seed",
                        Integer.toString(seed)));
        report.note("made %,d pictures", count);
        return pictures;
    }

    /** The squares of the first pictures, over and over where there are few, in a direct buffer. */
    private static ByteBuffer prepare(Path folder, ModelBundle bundle, ImageEncoder encoder) throws IOException {
        PictureDecoder decoder = new PictureDecoder(DecodeLimits.DEFAULT, true);
        Preprocessor preprocessor = new Preprocessor(bundle.image());
        int wanted = BATCH * PREPARED_BATCHES;
        List<Path> files;
        try (Stream<Path> found = Files.walk(folder)) {
            files = found.filter(EmbedBenchmark::isPicture)
                    .sorted()
                    .limit(wanted)
                    .toList();
        }
        if (files.isEmpty()) {
            throw ImageSearchException.input("there is no .jpg, .jpeg or .png below %s", folder);
        }
        ByteBuffer squares = ByteBuffer.allocateDirect(wanted * encoder.pixelBytes());
        for (int i = 0; i < wanted; i++) {
            preprocessor.applyTo(decoder.decode(Files.readAllBytes(files.get(i % files.size()))), squares);
        }
        return squares;
    }

    private static boolean isPicture(Path file) {
        return file.getFileName().toString().toLowerCase(Locale.ROOT).matches(".*\\.(jpe?g|png)");
    }

    private double modelRate(ImageEncoder encoder, ByteBuffer squares) {
        long encoded = 0;
        long begin = System.nanoTime();
        while (SideBySide.secondsSince(begin) < modelSeconds) {
            encoder.encode(squares, BATCH * PREPARED_BATCHES);
            encoded += BATCH * PREPARED_BATCHES;
        }
        return encoded / SideBySide.secondsSince(begin);
    }

    /** Pictures per second as bin/embed's own summary has them. */
    private static double pipelineRate(Path output, Path log, Path pictures, ModelBundle bundle, Report report)
            throws IOException, InterruptedException {
        List<String> lines = Program.run(
                log,
                List.of(
                        Program.file("bin/embed").toString(),
                        "--input",
                        pictures.toString(),
                        "--output",
                        output.toString(),
                        "--model",
                        bundle.directory().toString()));
        for (String line : lines) {
            Matcher summary = SUMMARY.matcher(line);
            if (summary.matches()) {
                report.note("bin/embed: %s", line);
                // The rate that it prints is rounded to whole numbers.
                return (number(summary.group(1)) + number(summary.group(2))) / Double.parseDouble(summary.group(3));
            }
        }
        throw ImageSearchException.data("bin/embed printed no summary; its last line: %s", lines.get(lines.size() - 1));
    }

    private static double number(String text) {
        return Double.parseDouble(text.replace(",", ""));
    }
}
