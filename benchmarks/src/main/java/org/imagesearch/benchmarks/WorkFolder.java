package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Option;

/**
 * Where a benchmark keeps its files: a temporary folder that is removed when it is closed or the process ends, or a folder of
 * the user's, which stays.
 */
final class WorkFolder implements AutoCloseable {
    private final Path path;
    private final Thread remover;

    private WorkFolder(Path path, boolean temporary) {
        this.path = path;
        this.remover = temporary ? new Thread(() -> remove(path), "remove-work-folder") : null;
        if (remover != null) {
            Runtime.getRuntime().addShutdownHook(remover);
        }
    }

    /** The option of every benchmark that writes files. */
    static final class Choice {
        @Option(
                names = "--dir",
                paramLabel = "DIR",
                description = "empty or missing folder for the data, kept (default: a temporary one, removed)")
        private Path directory;

        /** @throws ImageSearchException (input) if the chosen folder has something in it */
        WorkFolder open() {
            try {
                if (directory == null) {
                    return new WorkFolder(Files.createTempDirectory("imagesearch-bench-"), true);
                }
                return new WorkFolder(emptyFolder(directory), false);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * Makes a folder unless it is there.
     *
     * @throws ImageSearchException (input) naming it, if it is a file or has something in it
     */
    static Path emptyFolder(Path directory) throws IOException {
        Path folder = directory.toAbsolutePath().normalize();
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw ImageSearchException.input("%s is not a folder", folder);
        }
        Files.createDirectories(folder);
        try (Stream<Path> entries = Files.list(folder)) {
            if (entries.findAny().isPresent()) {
                throw ImageSearchException.input("%s is not empty", folder);
            }
        }
        return folder;
    }

    Path resolve(String name) {
        return path.resolve(name);
    }

    /** Removes something that is needed no more. */
    void remove(String name) {
        remove(resolve(name));
    }

    @Override
    public void close() {
        if (remover != null) {
            Runtime.getRuntime().removeShutdownHook(remover);
            remove(path);
        }
    }

    private static void remove(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}
