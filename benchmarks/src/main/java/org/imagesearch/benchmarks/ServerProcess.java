package org.imagesearch.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/** {@code bin/serve} on a free port, and what the system says of its process. Linux. */
final class ServerProcess implements AutoCloseable {
    private static final Pattern STARTED = Pattern.compile("serving .* at (http://\\S+)");
    private static final int PATIENCE_SECONDS = 300;

    /** What the kernel counts a process's time in, whatever the machine. */
    private static final double TICKS_PER_SECOND = 100;

    private final Process process;
    private final Thread killer;
    private final URI address;

    private ServerProcess(Process process, Thread killer, URI address) {
        this.process = process;
        this.killer = killer;
        this.address = address;
    }

    /**
     * Starts it and waits until it answers.
     *
     * @param settings of serve.conf, by their names in the environment
     * @throws ImageSearchException (resource) with its last line, if it ends instead
     */
    static ServerProcess start(WorkFolder folder, Path index, Path model, Cores cores, Map<String, String> settings)
            throws IOException, InterruptedException {
        Path log = folder.resolve("serve.log");
        ProcessBuilder builder = new ProcessBuilder(cores.measuring(List.of(
                        Program.file("bin/serve").toString(),
                        "--index",
                        index.toString(),
                        "--model",
                        model.toString(),
                        "--port",
                        "0")))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().putAll(settings);
        Process process = builder.start();
        Thread killer = new Thread(process::destroy, "end-server");
        Runtime.getRuntime().addShutdownHook(killer);
        try {
            return new ServerProcess(process, killer, address(process, log));
        } catch (IOException | InterruptedException | RuntimeException e) {
            process.destroy();
            throw e;
        }
    }

    private static URI address(Process process, Path log) throws IOException, InterruptedException {
        for (int tenths = 0; tenths < 10 * PATIENCE_SECONDS; tenths++) {
            boolean ended = process.waitFor(100, TimeUnit.MILLISECONDS);
            List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
            Optional<URI> address = lines.stream()
                    .map(STARTED::matcher)
                    .filter(Matcher::find)
                    .map(found -> URI.create(found.group(1)))
                    .findFirst();
            if (address.isPresent()) {
                return address.get();
            }
            if (ended) {
                throw ImageSearchException.resource(
                        "bin/serve ended with %d: %s",
                        process.exitValue(), lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1));
            }
        }
        throw ImageSearchException.resource("bin/serve does not answer after %d s", PATIENCE_SECONDS);
    }

    URI address() {
        return address;
    }

    /** Processor time of all its threads so far, the system's work for it included. */
    double cpuSeconds() throws IOException {
        // The name of the program, in brackets, may have spaces; from there on, fields are numbered from 3.
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[14 - 3]) + Long.parseLong(fields[15 - 3])) / TICKS_PER_SECOND;
    }

    /** Memory that is its own and no file's, MiB. */
    double mebibytes() throws IOException {
        return status("RssAnon:") / 1024;
    }

    double threads() throws IOException {
        return status("Threads:");
    }

    private double status(String field) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
                .filter(line -> line.startsWith(field))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow(() -> ImageSearchException.resource("the system does not tell %s of a process", field));
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } finally {
            Runtime.getRuntime().removeShutdownHook(killer);
        }
    }
}
