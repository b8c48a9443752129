package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.core.ImageSearchException;

/** Programs of the checkout that {@code bin/bench} belongs to, run to their end. */
final class Program {
    /** Set by bin/bench. */
    private static final String ROOT_PROPERTY = "imagesearch.root";

    private Program() {}

    /**
     * A file of the checkout.
     *
     * @throws ImageSearchException (input) if this is not run by bin/bench, and there is no checkout
     */
    static Path file(String name) {
        String root = System.getProperty(ROOT_PROPERTY);
        if (root == null) {
            throw ImageSearchException.input("this benchmark runs other programs: start it with bin/bench");
        }
        return Path.of(root).resolve(name);
    }

    /**
     * Runs a program and returns the lines that it printed.
     *
     * @param log takes what it prints, errors too
     * @throws ImageSearchException (resource) with its last line, if it does not end with 0
     */
    static List<String> run(Path log, List<String> command) throws IOException, InterruptedException {
        return run(log, command, process -> {});
    }

    /** What is done while a program runs. */
    interface Watch {
        void over(Process process) throws InterruptedException;
    }

    /** The same, with something to do meanwhile; that must end when the program ends. */
    static List<String> run(Path log, List<String> command, Watch watch) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Thread killer = new Thread(process::destroy, "end-program");
        Runtime.getRuntime().addShutdownHook(killer);
        watch.over(process);
        int status = process.waitFor();
        Runtime.getRuntime().removeShutdownHook(killer);
        List<String> lines = Files.readAllLines(log, StandardCharsets.UTF_8);
        if (status != 0) {
            throw ImageSearchException.resource(
                    "%s ended with %d: %s",
                    command.get(0), status, lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1));
        }
        return lines;
    }
}
