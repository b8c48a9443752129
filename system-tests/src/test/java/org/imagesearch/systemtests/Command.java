package org.imagesearch.systemtests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs a program of the repository to its end, with its output in a file. */
final class Command {
    private static final Duration LIMIT = Duration.ofMinutes(10);
    private static final int TOLD_LINES = 30;

    private Command() {}

    /**
     * Runs a program in the repository's root.
     *
     * @param log takes standard output and error
     * @throws AssertionError if the program does not exit with 0 within ten minutes; the message ends with its last lines
     */
    static void run(Path log, List<String> command) {
        int status = status(log, command);
        if (status != 0) {
            throw new AssertionError(command + " ended with " + status + ":\n" + tail(log));
        }
    }

    /** As {@link #run}, but returns whatever the program exits with. */
    static int status(Path log, List<String> command) {
        try {
            Process process = start(log, command);
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(command + " still ran after " + LIMIT + ":\n" + tail(log));
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while running " + command, e);
        }
    }

    /** Starts a program in the repository's root and leaves it running; whoever starts it ends it. */
    static Process start(Path log, List<String> command) {
        try {
            Files.createDirectories(log.getParent());
            return new ProcessBuilder(command)
                    .directory(Repository.root().toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command, e);
        }
    }

    /** The last lines of a log. */
    static String tail(Path log) {
        try {
            List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TOLD_LINES), lines.size()));
        } catch (IOException e) {
            return "(" + log + " cannot be read: " + e.getMessage() + ")";
        }
    }
}
