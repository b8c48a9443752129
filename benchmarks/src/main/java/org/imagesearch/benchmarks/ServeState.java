package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;

/**
 * What a server holds at a moment, garbage aside. Linux.
 *
 * @param residentBytes memory that is resident and not the content of a file
 * @param heapBytes objects that are reachable
 * @param directBytes buffers outside of the heap that the JVM counts
 * @param threads of the process
 * @param descriptors open files and connections
 */
record ServeState(long residentBytes, long heapBytes, long directBytes, int threads, int descriptors) {
    private static final long COLLECT_SECONDS = 60;
    private static final int METRICS_TIMEOUT_MS = 60_000;

    /**
     * Has the server collect its garbage and looks.
     *
     * @throws ImageSearchException (resource) if it cannot be asked
     */
    static ServeState of(long pid, URI address) throws IOException, InterruptedException {
        collectGarbage(pid);
        String metrics = metrics(address);
        Path folder = Path.of("/proc/" + pid);
        try (Stream<Path> descriptors = Files.list(folder.resolve("fd"))) {
            return new ServeState(
                    status(folder, "RssAnon:") << 10,
                    (long) metric(metrics, "jvm_memory_used_bytes{area=\"heap\"}"),
                    (long) metric(metrics, "jvm_buffer_pool_used_bytes{pool=\"direct\"}"),
                    (int) status(folder, "Threads:"),
                    (int) descriptors.count());
        }
    }

    /** By the JDK's own tool: twice, for what is freed by cleaners after the first. */
    private static void collectGarbage(long pid) throws IOException, InterruptedException {
        for (int i = 0; i < 2; i++) {
            Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
            if (!Files.isExecutable(jcmd)) {
                throw ImageSearchException.resource("%s is missing: a JDK is needed, not only its runtime", jcmd);
            }
            Process process = new ProcessBuilder(jcmd.toString(), Long.toString(pid), "GC.run")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!process.waitFor(COLLECT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw ImageSearchException.resource("process %d does not collect its garbage", pid);
            }
        }
    }

    /** Seconds that the server's compiler has worked. */
    static double compilerSeconds(URI address) throws IOException {
        return metric(metrics(address), "jvm_compilation_time_seconds_total");
    }

    /** Seconds of all processors that a process has taken. */
    static double processorSeconds(long pid) {
        return ProcessHandle.of(pid)
                .flatMap(process -> process.info().totalCpuDuration())
                .map(duration -> duration.toNanos() / 1e9)
                .orElse(Double.NaN);
    }

    /** On a connection that ends with the answer: one that is left open would count among what is looked at. */
    private static String metrics(URI address) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) address.resolve("/metrics").toURL().openConnection();
        connection.setRequestProperty("Connection", "close");
        connection.setConnectTimeout(METRICS_TIMEOUT_MS);
        connection.setReadTimeout(METRICS_TIMEOUT_MS);
        try (InputStream answer = connection.getInputStream()) {
            return new String(answer.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static long status(Path folder, String field) throws IOException {
        return Files.readAllLines(folder.resolve("status")).stream()
                .filter(line -> line.startsWith(field))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow(() -> ImageSearchException.resource("%s tells no %s", folder, field));
    }

    private static double metric(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> ImageSearchException.resource("/metrics has no %s", name));
    }

    /** The numbers that are compared, with what they are called. */
    List<Quantity> quantities() {
        return List.of(
                new Quantity("resident memory without files", "MiB", mebibytes(residentBytes)),
                new Quantity("heap after a collection", "MiB", mebibytes(heapBytes)),
                new Quantity("direct memory", "MiB", mebibytes(directBytes)),
                new Quantity("threads", "threads", threads),
                new Quantity("descriptors", "descriptors", descriptors));
    }

    /** @param name as in figures */
    record Quantity(String name, String unit, double value) {}

    private static double mebibytes(long bytes) {
        return bytes / (double) (1 << 20);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%.1f MiB resident, %.1f MiB heap, %.2f MiB direct, %d threads, %d descriptors",
                mebibytes(residentBytes),
                mebibytes(heapBytes),
                mebibytes(directBytes),
                threads,
                descriptors);
    }
}
