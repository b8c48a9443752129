package org.imagesearch.core.program;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.RootCause;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/** How every program ends: with 0 when it is done, 1 when it failed, 2 for wrong usage, and with one line that says what is wrong. */
public final class Programs {
    private static final String CAUSED_BY = "Caused by: ";

    private Programs() {}

    /**
     * Lets a command line, with the subcommands that it has, end like that.
     *
     * @param command its root's name begins the line
     */
    public static CommandLine endingInOneLine(CommandLine command) {
        return command.setParameterExceptionHandler((e, given) -> {
                    tell(e.getCommandLine(), e.getMessage());
                    return CommandLine.ExitCode.USAGE;
                })
                .setExecutionExceptionHandler((e, failed, parsed) -> fail(e, failed))
                .setExecutionStrategy(parsed -> {
                    try {
                        return new CommandLine.RunLast().execute(parsed);
                    } catch (
                            LinkageError
                                    e) { // A native library that cannot be loaded here; picocli hands on exceptions
                        // alone.
                        return fail(e, command);
                    }
                });
    }

    /** Spark and others wrap what is thrown inside them; the person at the terminal gets the outermost of ours. */
    private static int fail(Throwable thrown, CommandLine command) {
        Logger log =
                LoggerFactory.getLogger(command.getCommandSpec().userObject().getClass());
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof ImageSearchException known) {
                log.debug("program failed", thrown);
                tell(command, known.getMessage());
                return known.code() == ErrorCode.INPUT ? CommandLine.ExitCode.USAGE : CommandLine.ExitCode.SOFTWARE;
            }
        }
        log.error("program failed", thrown);
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            // These name a file or folder; what happened to it is in the cause, a full disk for example.
            if (cause instanceof UncheckedIOException failed && failed.getCause() != null) {
                tell(command, failed.getMessage() + ": " + failed.getCause().getMessage());
                return CommandLine.ExitCode.SOFTWARE;
            }
        }
        if (thrown instanceof LinkageError) {
            tell(command, "a library cannot be loaded: " + RootCause.of(thrown));
            return CommandLine.ExitCode.SOFTWARE;
        }
        boolean isWrapped = thrown instanceof CommandLine.ExecutionException && thrown.getCause() != null;
        tell(command, withLastCause((isWrapped ? thrown.getCause() : thrown).toString()));
        return CommandLine.ExitCode.SOFTWARE;
    }

    /** Of what failed on another machine Spark has no cause, but its stack as text: what it was, a full disk for example, stands last. */
    private static String withLastCause(String message) {
        String first = message.lines().findFirst().orElse("failed");
        return message.lines()
                .filter(line -> line.startsWith(CAUSED_BY))
                .reduce((earlier, later) -> later)
                .map(cause -> first + " " + cause)
                .orElse(first);
    }

    private static void tell(CommandLine command, String message) {
        String name = command.getCommandSpec().root().name();
        PrintWriter err = command.getErr();
        err.println(name + ": " + message.lines().findFirst().orElse("failed"));
        err.flush();
    }
}
