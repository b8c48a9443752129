package org.imagesearch.core.npy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Debian's numpy, in a process of its own. */
final class Numpy {
    private Numpy() {}

    /**
     * Runs a script with {@code numpy as np} and {@code sys} imported.
     *
     * @param arguments {@code sys.argv[1:]}
     * @return what it printed
     */
    static String run(String script, Object... arguments) {
        List<String> command = new ArrayList<>(List.of("/usr/bin/python3", "-c", "import sys, numpy as np\n" + script));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new AssertionError(printed);
            }
            return printed;
        } catch (IOException e) {
            throw new AssertionError("cannot run python3", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
