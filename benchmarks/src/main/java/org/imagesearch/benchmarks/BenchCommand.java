package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.Map;
import org.imagesearch.core.program.Programs;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * {@code bin/bench}: runs one benchmark, or lists them. Exit status 0 done, 1 failed, 2 wrong usage, told in one line.
 */
@Command(
        name = "bench",
        description = "Runs one benchmark and prints its figures, a line of JSON each.",
        mixinStandardHelpOptions = true,
        version = "imagesearch bench 0.1.0")
public final class BenchCommand {
    /** The program. */
    public static void main(String[] arguments) {
        System.exit(execute(commandLine(), arguments));
    }

    /** The command with its benchmarks as subcommands. */
    static CommandLine commandLine() {
        CommandLine bench = new CommandLine(new BenchCommand());
        for (Benchmark benchmark : Benchmarks.all()) {
            CommandLine one = new CommandLine(benchmark);
            one.getCommandSpec().usageMessage().sortOptions(false);
            one.getCommandSpec().mixinStandardHelpOptions(true);
            one.getCommandSpec().version(bench.getCommandSpec().version());
            bench.addSubcommand(one);
        }
        return bench.setUsageHelpAutoWidth(true);
    }

    /** Runs the program without ending the process and returns its exit status. */
    static int execute(CommandLine bench, String... arguments) {
        return Programs.endingInOneLine(bench)
                .setExecutionStrategy(BenchCommand::run)
                .setParameterExceptionHandler(wrongUsage(bench.getParameterExceptionHandler()))
                .execute(arguments);
    }

    private static int run(ParseResult parsed) {
        CommandLine bench = parsed.commandSpec().commandLine();
        if (!parsed.hasSubcommand()) {
            if (parsed.isVersionHelpRequested()) {
                bench.printVersionHelp(bench.getOut());
            } else {
                list(bench);
            }
            return CommandLine.ExitCode.OK;
        }
        if (CommandLine.executeHelpRequest(parsed) != null) {
            return CommandLine.ExitCode.OK;
        }
        CommandLine chosen = parsed.subcommand().commandSpec().commandLine();
        try {
            chosen.<Benchmark>getCommand().run(new Report(chosen.getOut(), chosen.getErr()));
            return CommandLine.ExitCode.OK;
        } catch (IOException | InterruptedException | RuntimeException e) {
            throw new CommandLine.ExecutionException(chosen, e.toString(), e);
        }
    }

    private static void list(CommandLine bench) {
        PrintWriter out = bench.getOut();
        out.println("Usage: bin/bench NAME [OPTION...]      the options of one: bin/bench NAME --help");
        out.println("Runs one benchmark and prints its figures, a line of JSON each. Benchmarks:");
        for (Map.Entry<String, CommandLine> one : bench.getSubcommands().entrySet()) {
            String[] description =
                    one.getValue().getCommandSpec().usageMessage().description();
            out.printf(Locale.ROOT, "  %-12s%s%n", one.getKey(), description[0]);
        }
        out.flush();
    }

    /** An unknown name is told in the words of this program. */
    private static IParameterExceptionHandler wrongUsage(IParameterExceptionHandler others) {
        return (e, given) -> {
            boolean atTop = e.getCommandLine().getParent() == null;
            if (!atTop || !(e instanceof UnmatchedArgumentException unmatched)) {
                return others.handleParseException(e, given);
            }
            String name = unmatched.getUnmatched().get(0);
            e.getCommandLine().getErr().println("bench: there is no benchmark '" + name + "'; bin/bench lists them");
            return CommandLine.ExitCode.USAGE;
        };
    }
}
