package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.core.rows.RowStoreWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Reads the rows of many hits from a row store, and finds out what filters let through, on one thread. */
@Command(
        name = "rows",
        description = "reads rows by id, many at once against one by one, and finds out what filters let through")
final class RowsBenchmark implements Benchmark {
    private static final List<String> FILTERS = List.of(
            "id>=0",
            "width>=1024",
            "caption:word7",
            "caption:\"word7 word8\"",
            "year=1999 AND NOT licence=CC0",
            "uri>file:///5");

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "pictures in the store (default: ${DEFAULT-VALUE})")
    private int count;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "3000",
            description = "rows that are read at once (default: ${DEFAULT-VALUE})")
    private int rows;

    @Option(
            names = "--repeats",
            paramLabel = "N",
            defaultValue = "21",
            description = "rounds of each side, of which the median counts (default: ${DEFAULT-VALUE})")
    private int repeats;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "of rows and of what is asked for (default: ${DEFAULT-VALUE})")
    private int seed;

    @Mixin
    private WorkFolder.Choice choice;

    @Override
    public void run(Report report) throws IOException {
        Sizes.requireRange("--count", count, 1, 100_000_000);
        Sizes.requireRange("--rows", rows, 1, count);
        Sizes.requireRange("--repeats", repeats, 1, 1000);
        try (WorkFolder folder = choice.open()) {
            Path path = folder.resolve("rows");
            write(path, report);
            try (RowStore store = RowStore.open(path)) {
                long[] bytes = new long[1];
                store.forEach((id, list, row) -> bytes[0] += row.length);
                report.note("%.1f of them the row itself", (double) bytes[0] / count);
                read(store, report);
                filter(store, report);
            }
        }
    }

    private void write(Path path, Report report) throws IOException {
        long begin = System.nanoTime();
        Random random = new Random(seed);
        try (RowStoreWriter writer = new RowStoreWriter(path)) {
            for (int i = 0; i < count; i++) {
                // Every second id, so that none can be told from its neighbours.
                writer.add(2L * i + random.nextInt(2), random.nextInt(4096), row(random, i));
            }
            writer.finish();
        }
        report.note(
                "wrote %,d rows in %.1f s, %.1f bytes each",
                count, SideBySide.secondsSince(begin), (double) bytes(path) / count);
    }

    private static ImageRow row(Random random, int i) {
        StringBuilder caption = new StringBuilder("a picture of");
        for (int word = 0; word < 8; word++) {
            // Few words are in most texts, most words in few.
            caption.append(" word").append((int) Math.exp(random.nextDouble() * 10));
        }
        return new ImageRow(
                "file:///" + i % 1000 + "/" + i + ".jpg",
                random.nextInt(2048),
                random.nextInt(2048),
                Optional.of(caption.toString()),
                Map.of("year", 1990 + random.nextInt(30), "licence", random.nextBoolean() ? "CC0" : "CC-BY"));
    }

    private static long bytes(Path path) throws IOException {
        try (Stream<Path> files = Files.list(path)) {
            return files.mapToLong(file -> {
                        try {
                            return Files.size(file);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    })
                    .sum();
        }
    }

    private void read(RowStore store, Report report) throws IOException {
        Random random = new Random(seed + 1L);
        long[] ids = random.longs(4L * rows, 0, 2L * count)
                .filter(store::contains)
                .distinct()
                .limit(rows)
                .toArray();
        SideBySide times = SideBySide.measure(
                repeats,
                () -> {
                    long begin = System.nanoTime();
                    store.rows(ids);
                    return SideBySide.secondsSince(begin);
                },
                () -> {
                    long begin = System.nanoTime();
                    for (long id : ids) {
                        store.row(id);
                    }
                    return SideBySide.secondsSince(begin);
                });
        report.note("%,d rows at once in %.2f ms", ids.length, times.ourSeconds() * 1e3);
        report.figure(Figure.of(
                "rows",
                "rows=" + ids.length,
                "rows/s",
                ids.length / times.ourSeconds(),
                "one by one",
                ids.length / times.theirSeconds()));
    }

    /** Against looking at every row. */
    private void filter(RowStore store, Report report) throws IOException {
        for (String text : FILTERS) {
            Filter filter = Filter.parse(text);
            int[] found = new int[1];
            SideBySide times = SideBySide.measure(
                    Math.min(repeats, 5),
                    () -> {
                        long begin = System.nanoTime();
                        found[0] = store.matching(filter, new long[0]).ids().length;
                        return SideBySide.secondsSince(begin);
                    },
                    () -> {
                        long begin = System.nanoTime();
                        long[] bytes = new long[1];
                        store.forEach((id, list, row) -> bytes[0] += row.length);
                        return SideBySide.secondsSince(begin);
                    });
            report.note("%s: %,d match, found out in %.2f ms", text, found[0], times.ourSeconds() * 1e3);
            report.figure(Figure.of(
                    "rows",
                    "filter " + text,
                    "pictures/s",
                    count / times.ourSeconds(),
                    "reading every row",
                    count / times.theirSeconds()));
        }
    }
}
