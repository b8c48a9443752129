package org.imagesearch.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/** {@code bin/serve} as a user starts it, on a free port of this machine. Closing it ends the process. */
final class ServeProcess implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("(?m)^serving .* at (http://\\S+)$");
    private static final long READY_SECONDS = 180;
    private static final long STOP_SECONDS = 30;
    private static final int LOOK_MILLIS = 5;

    private final Process process;
    private final Path log;
    private final Thread killer;
    private URI address;

    private ServeProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
        this.killer = new Thread(process::destroyForcibly, "end-serve");
        Runtime.getRuntime().addShutdownHook(killer);
    }

    /**
     * Starts a server and waits until it says that it serves.
     *
     * @param name of its log and settings in the folder
     * @param settings lines of serve.conf
     * @param options of its command line, besides index, model, port and settings
     * @throws ImageSearchException (resource) with its last line, if it ends or is not ready within three minutes
     */
    static ServeProcess start(
            WorkFolder folder, String name, Path index, Path model, List<String> settings, String... options)
            throws IOException, InterruptedException {
        return start(List.of(), folder, name, index, model, settings, options);
    }

    /** @param by the command line of a program that becomes the server, like {@code taskset} */
    static ServeProcess start(
            List<String> by,
            WorkFolder folder,
            String name,
            Path index,
            Path model,
            List<String> settings,
            String... options)
            throws IOException, InterruptedException {
        Path conf = folder.resolve(name + ".conf");
        Files.write(conf, settings, StandardCharsets.UTF_8);
        Path log = folder.resolve(name + ".log");
        List<String> command = new ArrayList<>(by);
        command.addAll(List.of(
                Program.file("bin/serve").toString(),
                "--index",
                index.toString(),
                "--model",
                model.toString(),
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--conf",
                conf.toString()));
        command.addAll(List.of(options));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        ServeProcess server = new ServeProcess(process, log);
        try {
            server.awaitReady();
            return server;
        } catch (IOException | InterruptedException | RuntimeException e) {
            server.close();
            throw e;
        }
    }

    private void awaitReady() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (address == null) {
            Matcher ready = READY.matcher(Files.readString(log));
            if (ready.find()) {
                address = URI.create(ready.group(1));
            } else if (process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                throw ImageSearchException.resource("bin/serve ended with %d: %s", process.exitValue(), lastLine());
            } else if (SideBySide.secondsSince(begin) > READY_SECONDS) {
                throw ImageSearchException.resource(
                        "bin/serve was not ready within %d s: %s", READY_SECONDS, lastLine());
            }
        }
    }

    /** {@code http://127.0.0.1:port}. */
    URI address() {
        return address;
    }

    /** Of the server itself: the script becomes it. */
    long pid() {
        return process.pid();
    }

    /** Ends it as a machine that fails does. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /**
     * Stops it from running, with all connections open, or lets it go on.
     *
     * @param signal STOP or CONT
     */
    void signal(String signal) throws IOException, InterruptedException {
        int status = new ProcessBuilder("kill", "-" + signal, Long.toString(pid()))
                .inheritIO()
                .start()
                .waitFor();
        if (status != 0) {
            throw ImageSearchException.resource("kill -%s %d ended with %d", signal, pid(), status);
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** What it has logged so far. */
    String log() throws IOException {
        return Files.readString(log);
    }

    private String lastLine() throws IOException {
        List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
        return lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
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
