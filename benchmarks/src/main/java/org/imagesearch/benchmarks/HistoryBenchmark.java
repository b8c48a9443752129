package org.imagesearch.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * What figures were before: keeps them in a file of JSON lines, and compares the newest of each case with the median of those before
 * it. It is ratios that are compared, of two sides in one run, since machines and what else they do change from day to day.
 */
@Command(
        name = "history",
        description = "keeps figures, and compares the newest of each case with those before it",
        footer = {
            "",
            "  bin/bench scan | bin/bench history --add -      keeps what scan prints, and compares",
            "Ends with status 1 if a figure is worse than before by more than --tolerance."
        })
final class HistoryBenchmark implements Benchmark {
    private static final int MOST_COMPARED = 5;
    private static final int MOST_LINES = 100_000;

    @Option(
            names = "--file",
            paramLabel = "FILE",
            description = "the history (default: docs/benchmark-history.jsonl of this repository)")
    private Path file;

    @Option(
            names = "--add",
            paramLabel = "FILE",
            description = "figures to add, as benchmarks print them; - for those from standard input")
    private String added;

    @Option(
            names = "--commit",
            paramLabel = "ID",
            description = "what they were measured of (default: what git says of this repository)")
    private String commit;

    @Option(
            names = "--tolerance",
            paramLabel = "SHARE",
            defaultValue = "0.15",
            description = "how much worse a ratio may be (default: ${DEFAULT-VALUE})")
    private double tolerance;

    @Override
    public void run(Report report) throws IOException, InterruptedException {
        if (!(tolerance > 0 && tolerance < 1)) {
            throw ImageSearchException.input("--tolerance is %s, expected a share between 0 and 1", tolerance);
        }
        Path history = file == null ? Program.file("docs/benchmark-history.jsonl") : file;
        if (added != null) {
            add(history, report);
        }
        compare(read(history), report);
    }

    private void add(Path history, Report report) throws IOException, InterruptedException {
        List<Figure> figures = figuresToAdd();
        if (figures.isEmpty()) {
            throw ImageSearchException.input("--add %s: there are no figures", added);
        }
        String of = commit == null ? currentCommit() : commit;
        String date = LocalDate.now(Clock.systemUTC()).toString();
        String machine = Runtime.getRuntime().availableProcessors() + " processors";
        List<String> lines = figures.stream()
                .map(figure -> new KeptFigure(date, of, machine, figure).toJson())
                .toList();
        Files.write(history, lines, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        report.note("kept %d figures in %s", lines.size(), history);
    }

    private List<Figure> figuresToAdd() throws IOException {
        List<String> lines;
        if (added.equals("-")) {
            lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))
                    .lines()
                    .limit(MOST_LINES)
                    .toList();
        } else {
            lines = lines(Path.of(added));
        }
        List<Figure> figures = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                figures.add(parsed(added, i, lines.get(i), Figure.class));
            }
        }
        return figures;
    }

    private static List<KeptFigure> read(Path history) throws IOException {
        List<KeptFigure> kept = new ArrayList<>();
        List<String> lines = lines(history);
        for (int i = 0; i < lines.size(); i++) {
            kept.add(parsed(history.toString(), i, lines.get(i), KeptFigure.class));
        }
        return kept;
    }

    private static List<String> lines(Path path) throws IOException {
        try (Stream<String> lines = Files.lines(path, StandardCharsets.UTF_8)) {
            return lines.limit(MOST_LINES).toList();
        } catch (NoSuchFileException e) {
            throw ImageSearchException.input("there is no file %s", path);
        }
    }

    private static <T> T parsed(String source, int place, String line, Class<T> type) {
        try {
            return KeptFigure.MAPPER.readValue(line, type);
        } catch (JsonProcessingException e) {
            throw ImageSearchException.data("%s, line %d is no figure: %s", source, place + 1, e.getOriginalMessage());
        }
    }

    private static String currentCommit() throws IOException, InterruptedException {
        Process git = new ProcessBuilder("git", "-C", Program.file(".").toString(), "rev-parse", "--short", "HEAD")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (git.waitFor() != 0 || said.isEmpty()) {
            throw ImageSearchException.input("git does not say what is measured, expected --commit");
        }
        return said;
    }

    private void compare(List<KeptFigure> kept, Report report) {
        Map<String, List<KeptFigure>> byCase = new LinkedHashMap<>();
        kept.forEach(one ->
                byCase.computeIfAbsent(one.name(), name -> new ArrayList<>()).add(one));
        Map<String, Double> worse = new TreeMap<>();
        byCase.forEach((name, all) -> {
            KeptFigure newest = all.get(all.size() - 1);
            List<KeptFigure> before = all.subList(Math.max(0, all.size() - 1 - MOST_COMPARED), all.size() - 1);
            if (before.isEmpty()) {
                report.note("%s: %s, for the first time", name, newest.ratio());
                return;
            }
            double median = SideBySide.median(
                    before.stream().mapToDouble(KeptFigure::ratio).toArray());
            double gain = newest.moreIsBetter() ? newest.ratio() / median : median / newest.ratio();
            report.figure(Figure.of(
                    newest.bench(),
                    newest.variant(),
                    "ratio",
                    newest.ratio(),
                    String.format(Locale.ROOT, "median of %d before", before.size()),
                    median));
            if (gain < 1 - tolerance) {
                worse.put(name, gain);
            }
        });
        if (!worse.isEmpty()) {
            throw ImageSearchException.data(
                    "worse than before, to this share of what it was: %s",
                    String.join(
                            "; ",
                            worse.entrySet().stream()
                                    .map(one -> String.format(Locale.ROOT, "%s %.2f", one.getKey(), one.getValue()))
                                    .toList()));
        }
    }
}
