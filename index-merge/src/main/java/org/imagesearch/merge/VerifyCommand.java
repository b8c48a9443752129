package org.imagesearch.merge;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bin/merge verify}: whether a generation is whole, every byte of it. */
@Command(
        name = "verify",
        description =
                "Reads a generation to its end: every file against its checksum, the structure of every shard, every row.",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true)
final class VerifyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private IndexOption index;

    @Option(
            names = "--generation",
            paramLabel = "NAME",
            description = "the generation, like gen-000001 (default: the published one)")
    private String generation;

    @Override
    public Integer call() {
        IndexDirectory directory = new IndexDirectory(index.directory());
        String name = generation == null
                ? directory.currentGeneration()
                : ExistingGeneration.require(directory, "--generation", generation);
        long begin = System.nanoTime();
        IndexVerification found = IndexVerification.whole(directory, name);
        PrintWriter out = spec.commandLine().getOut();
        found.problems().forEach(out::println);
        out.printf(
                Locale.ROOT,
                "%s: read %s in %d files, %.1f s%n",
                name,
                Sizes.text(found.bytesRead()),
                found.files(),
                (System.nanoTime() - begin) / 1e9);
        out.flush();
        if (!found.problems().isEmpty()) {
            throw ImageSearchException.data(
                    "%s of %s is damaged: %d of its %d files are wrong",
                    name, directory.root(), found.problems().size(), found.files());
        }
        return CommandLine.ExitCode.OK;
    }
}
