package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The memory that a process has, taken every half second of its life. Linux. */
final class MemorySamples {
    private static final int EVERY_MILLIS = 500;

    /** Median of so many samples, for one falls at random before or after a garbage collection. */
    private static final int WINDOW = 9;

    private final String field;
    private final List<Double> mebibytes = new ArrayList<>();

    private MemorySamples(String field) {
        this.field = field;
    }

    /** All that is resident. */
    static MemorySamples resident() {
        return new MemorySamples("VmRSS:");
    }

    /** What is resident and not the content of a file. */
    static MemorySamples withoutFiles() {
        return new MemorySamples("RssAnon:");
    }

    /** Takes samples until the process has ended. */
    void watch(Process process) throws InterruptedException {
        Path status = Path.of("/proc/" + process.pid() + "/status");
        do {
            try {
                Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith(field))
                        .forEach(line -> mebibytes.add(Long.parseLong(line.replaceAll("\\D", "")) / 1024.0));
            } catch (IOException e) {
                if (process.isAlive()) {
                    throw new UncheckedIOException(e);
                }
            }
        } while (!process.waitFor(EVERY_MILLIS, TimeUnit.MILLISECONDS));
    }

    /** MiB around the moment when a share of the time had passed. */
    double atShare(double share) {
        int middle = (int) (share * (mebibytes.size() - 1));
        List<Double> window = mebibytes.subList(
                Math.max(0, middle - WINDOW / 2), Math.min(mebibytes.size(), middle + WINDOW / 2 + 1));
        return SideBySide.median(
                window.stream().mapToDouble(Double::doubleValue).toArray());
    }

    long mostMebibytes() {
        return (long) mebibytes.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }
}
