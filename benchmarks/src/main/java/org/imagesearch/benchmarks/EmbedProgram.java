package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/** {@code bin/embed}, run to its end, and what it says of its own speed. */
final class EmbedProgram {
    private static final Pattern SUMMARY =
            Pattern.compile("([\\d,]+) pictures embedded, ([\\d,]+) failed, ([\\d.]+) s, .*");
    private static final Pattern EMBEDDING =
            Pattern.compile("from the first picture to the last: [\\d.]+ s, ([\\d.]+) pictures/s");

    private final WorkFolder folder;
    private final Path pictures;
    private final Path bundle;
    private final Report report;
    private int runs;

    EmbedProgram(WorkFolder folder, Path pictures, Path bundle, Report report) {
        this.folder = folder;
        this.pictures = pictures;
        this.bundle = bundle;
        this.report = report;
    }

    /**
     * Speed of a run.
     *
     * @param whole pictures/s of the whole command, from the start of the program to the end
     * @param embedding pictures/s between the first picture and the last
     * @param dataset what it wrote
     */
    record Rates(double whole, double embedding, Path dataset) {}

    /**
     * Runs it once.
     *
     * @param settings lines of embed.conf
     * @param options of its command line, besides input, output and model
     */
    Rates run(List<String> settings, String... options) throws IOException, InterruptedException {
        Path dataset = folder.resolve("embeddings-" + runs);
        Path log = folder.resolve("embed-" + runs + ".log");
        List<String> command = command(dataset, settings);
        command.addAll(List.of(options));
        runs++;
        return rates(Program.run(log, command), dataset);
    }

    /** The command line of a run into a dataset. */
    List<String> command(Path dataset, List<String> settings) throws IOException {
        Path conf = folder.resolve("embed-" + dataset.getFileName() + ".conf");
        Files.write(conf, settings, StandardCharsets.UTF_8);
        return new ArrayList<>(List.of(
                Program.file("bin/embed").toString(),
                "--input",
                pictures.toString(),
                "--output",
                dataset.toString(),
                "--model",
                bundle.toString(),
                "--conf",
                conf.toString()));
    }

    /** @throws ImageSearchException (data) if the program did not say what it did, or some picture failed */
    Rates rates(List<String> lines, Path dataset) {
        double whole = 0;
        double embedding = 0;
        for (String line : lines) {
            Matcher summary = SUMMARY.matcher(line);
            if (summary.matches()) {
                report.note("bin/embed: %s", line);
                if (number(summary.group(2)) > 0) {
                    throw ImageSearchException.data("of the benchmark's own pictures some failed: %s", line);
                }
                // The rate that it prints is rounded to whole numbers.
                whole = number(summary.group(1)) / Double.parseDouble(summary.group(3));
            }
            Matcher between = EMBEDDING.matcher(line);
            if (between.matches()) {
                report.note("bin/embed: %s", line);
                embedding = Double.parseDouble(between.group(1));
            }
        }
        if (whole == 0 || embedding == 0) {
            throw ImageSearchException.data(
                    "bin/embed printed no summary; its last line: %s",
                    lines.isEmpty() ? "none" : lines.get(lines.size() - 1));
        }
        return new Rates(whole, embedding, dataset);
    }

    private static double number(String text) {
        return Double.parseDouble(text.replace(",", ""));
    }
}
