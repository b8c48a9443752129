package org.imagesearch.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;

/** A {@link ScriptProcess} in Debian's Python. */
final class PythonProcess implements AutoCloseable {
    private static final List<String> PYTHON = List.of("/usr/bin/python3");

    private final ScriptProcess script;

    private PythonProcess(ScriptProcess script) {
        this.script = script;
    }

    /**
     * Starts a script.
     *
     * @param threads of everything native in it
     * @param arguments its arguments
     */
    static PythonProcess start(WorkFolder folder, String script, int threads, String... arguments) throws IOException {
        return new PythonProcess(ScriptProcess.start(folder, PYTHON, script, threads, arguments));
    }

    /** As {@link ScriptProcess#ask}. */
    JsonNode ask(String question) throws IOException {
        return script.ask(question);
    }

    @Override
    public void close() {
        script.close();
    }
}
