package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * A script of this module, in Python or Java, that answers lines with lines of JSON, so that both sides can take turns. It times
 * itself: the pipe between is no part of a figure.
 */
final class ScriptProcess implements AutoCloseable {
    private final String script;
    private final Path errors;
    private final Process process;
    private final BufferedWriter questions;
    private final BufferedReader answers;
    private final Thread killer;

    private ScriptProcess(String script, Path errors, Process process) {
        this.script = script;
        this.errors = errors;
        this.process = process;
        this.questions = process.outputWriter(StandardCharsets.UTF_8);
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.killer = new Thread(process::destroyForcibly, "end-script");
        Runtime.getRuntime().addShutdownHook(killer);
    }

    /**
     * Starts a script.
     *
     * @param interpreter the program that runs it, with its options
     * @param threads of everything native in it
     * @param arguments its arguments
     */
    static ScriptProcess start(
            WorkFolder folder, List<String> interpreter, String script, int threads, String... arguments)
            throws IOException {
        Path file = folder.resolve(script);
        try (InputStream in = ScriptProcess.class.getResourceAsStream(script)) {
            Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
        }
        Path errors = folder.resolve(script + ".log");
        List<String> command = new ArrayList<>(interpreter);
        command.add(file.toString());
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
        String count = Integer.toString(threads);
        builder.environment().putAll(Map.of("OMP_NUM_THREADS", count, "OPENBLAS_NUM_THREADS", count));
        return new ScriptProcess(script, errors, builder.start());
    }

    /**
     * Asks and waits for the answer.
     *
     * @throws ImageSearchException (resource) with the last line that the script complained, if it has ended
     */
    JsonNode ask(String question) throws IOException {
        String answer;
        try {
            questions.write(question);
            questions.newLine();
            questions.flush();
            answer = answers.readLine();
        } catch (IOException e) {
            throw ended(); // a broken pipe: why, it has told its log
        }
        if (answer == null) {
            throw ended();
        }
        return Json.read(answer.getBytes(StandardCharsets.UTF_8), JsonNode.class, script);
    }

    private ImageSearchException ended() throws IOException {
        List<String> lines = Files.readAllLines(errors, StandardCharsets.UTF_8);
        return ImageSearchException.resource(
                "%s ended: %s", script, lines.isEmpty() ? "it said nothing" : lines.get(lines.size() - 1));
    }

    /** Closes the script's input, which ends it. */
    @Override
    public void close() {
        try {
            questions.close();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        } finally {
            Runtime.getRuntime().removeShutdownHook(killer);
        }
    }
}
