package org.imagesearch.merge;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.imagesearch.core.index.IndexDirectory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code bin/merge generations}: what an index holds. */
@Command(
        name = "generations",
        description = "Lists the generations of an index, oldest first.",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true)
final class GenerationsCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private IndexOption index;

    @Override
    public Integer call() {
        IndexDirectory directory = new IndexDirectory(index.directory());
        String current = directory.currentGeneration();
        List<GenerationSummary> generations = GenerationSummary.all(directory);
        PrintWriter out = spec.commandLine().getOut();
        out.println(row("generation", "created", "pictures", "shards", "own", "shared", "taken down", ""));
        for (GenerationSummary each : generations) {
            out.println(row(
                    each.name(),
                    each.manifest()
                            .map(manifest -> manifest.created().toString())
                            .orElse("index.json cannot be read"),
                    each.manifest().map(manifest -> number(manifest.count())).orElse("-"),
                    each.manifest()
                            .map(manifest -> number(manifest.shards().size()))
                            .orElse("-"),
                    Sizes.text(each.ownBytes()),
                    Sizes.text(each.sharedBytes()),
                    each.down().map(GenerationsCommand::number).orElse("-"),
                    each.name().equals(current) ? "  <- CURRENT" : ""));
        }
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private static String row(String... cells) {
        return String.format(Locale.ROOT, "%-12s %-25s %14s %7s %10s %10s %11s%s", (Object[]) cells);
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
