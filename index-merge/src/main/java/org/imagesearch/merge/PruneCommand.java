package org.imagesearch.merge;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
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

/**
 * {@code bin/merge prune}: removes old generations. A server that still has one open keeps what it mapped: on Linux a file
 * lives until the last who opened it has closed it.
 */
@Command(
        name = "prune",
        description = "Removes old generations, never the published one.",
        mixinStandardHelpOptions = true,
        usageHelpAutoWidth = true)
final class PruneCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private IndexOption index;

    @Option(
            names = "--keep",
            required = true,
            paramLabel = "N",
            description = "generations to keep: the published one and the N - 1 before it")
    private int keep;

    @Option(names = "--newer", description = "remove those newer than the published one too, which a rollback left")
    private boolean newer;

    @Override
    public Integer call() {
        if (keep < 1) {
            throw ImageSearchException.input("--keep is %d, expected 1 or more: the published one stays", keep);
        }
        Path root = index.directory();
        IndexDirectory directory = new IndexDirectory(root);
        directory.currentGeneration();
        PrintWriter out = spec.commandLine().getOut();
        IndexLock lock = IndexLock.acquire(root);
        try (lock) {
            StagedGeneration.removeLeftovers(root);
            String current = directory.currentGeneration();
            // One after the other: what two of them share is freed with the second.
            for (String name : superfluous(directory.generations(), current)) {
                GenerationSummary summary = GenerationSummary.all(directory).stream()
                        .filter(each -> each.name().equals(name))
                        .findFirst()
                        .orElseThrow();
                remove(root, name);
                out.println("removed " + name + ", freed " + Sizes.text(summary.ownBytes()));
                out.flush();
            }
            out.println("kept " + String.join(", ", directory.generations()) + "; published is " + current);
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot clean " + root, e);
        }
        return CommandLine.ExitCode.OK;
    }

    private List<String> superfluous(List<String> generations, String current) {
        List<String> older = new ArrayList<>();
        List<String> removed = new ArrayList<>();
        for (String name : generations) {
            int order = Integer.compare(IndexLayout.number(name), IndexLayout.number(current));
            if (order < 0) {
                older.add(name);
            } else if (order > 0 && newer) {
                removed.add(name);
            }
        }
        removed.addAll(0, older.subList(0, Math.max(0, older.size() - (keep - 1))));
        return removed;
    }

    /** Out of sight first, by one rename: nobody sees half a generation, and a run that dies leaves what the next removes. */
    private static void remove(Path root, String name) throws IOException {
        Path hidden = StagedGeneration.hidden(root, name);
        Files.move(root.resolve(name), hidden, StandardCopyOption.ATOMIC_MOVE);
        Directories.force(root);
        Directories.deleteRecursively(hidden);
    }
}
