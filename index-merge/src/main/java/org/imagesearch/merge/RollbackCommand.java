package org.imagesearch.merge;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bin/merge rollback}: publishes a generation that is there. */
@Command(
        name = "rollback",
        description = "Publishes an older generation again; servers follow. Its files are checked quickly before.",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true)
final class RollbackCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private IndexOption index;

    @Option(
            names = "--to",
            paramLabel = "NAME",
            description =
                    "the generation to publish, older or newer (default: the newest one before the published one)")
    private String to;

    @Override
    public Integer call() {
        Path root = index.directory();
        IndexDirectory directory = new IndexDirectory(root);
        directory.currentGeneration();
        PrintWriter out = spec.commandLine().getOut();
        IndexLock lock = IndexLock.acquire(root);
        try (lock) {
            String from = directory.currentGeneration();
            String target = to == null ? before(directory, from) : ExistingGeneration.require(directory, "--to", to);
            if (target.equals(from)) {
                out.println(from + " is published already");
            } else {
                IndexVerification.quick(directory, target);
                Publication.publish(root, target);
                out.println("published " + target + " in " + root + ", before it was " + from);
            }
            out.flush();
        }
        return CommandLine.ExitCode.OK;
    }

    private static String before(IndexDirectory index, String current) {
        List<String> older = index.generations().stream()
                .filter(name -> IndexLayout.number(name) < IndexLayout.number(current))
                .toList();
        if (older.isEmpty()) {
            throw ImageSearchException.input("%s has no generation before %s", index.root(), current);
        }
        return older.get(older.size() - 1);
    }
}
