package org.imagesearch.embed;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * What a call of a command came to.
 *
 * @param out lines of standard output
 * @param err lines of standard error
 */
record Ended(int status, List<String> out, List<String> err) {
    /** Runs a command in this process. */
    static Ended of(ToIntFunction<String[]> command, Object... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(told, true, StandardCharsets.UTF_8));
            int status = command.applyAsInt(
                    List.of(arguments).stream().map(String::valueOf).toArray(String[]::new));
            return new Ended(status, lines(printed), lines(told));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private static List<String> lines(ByteArrayOutputStream bytes) {
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
