package org.imagesearch.merge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;

/**
 * A generation while it is written: a directory under a hidden name, which gets its own name when it is complete and is then
 * published by replacing {@code CURRENT}. Whatever happens before that leaves the published generation alone. Owned by whoever
 * holds the index's lock.
 */
final class StagedGeneration implements AutoCloseable {
    private static final Pattern GENERATION = Pattern.compile("\\.?gen-(\\d{6,9})(\\.tmp-.*)?");
    private static final String STAGED = ".gen-*.tmp-*";

    private final Path index;
    private final String name;
    private final Path directory;

    private StagedGeneration(Path index, String name, Path directory) {
        this.index = index;
        this.name = name;
        this.directory = directory;
    }

    /** Removes what runs that died left behind, and begins the generation after the last one there is. */
    static StagedGeneration begin(Path index) {
        try {
            removeLeftovers(index);
            String name = IndexLayout.generation(lastNumber(index) + 1);
            Path directory = hidden(index, name);
            Files.createDirectory(directory);
            return new StagedGeneration(index, name, directory);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot begin a generation in " + index, e);
        }
    }

    /** Removes what runs that died left behind. */
    static void removeLeftovers(Path index) throws IOException {
        try (DirectoryStream<Path> leftovers = Files.newDirectoryStream(index, STAGED)) {
            leftovers.forEach(Directories::deleteRecursively);
        }
        Publication.removeLeftover(index);
    }

    /** A name for a directory that is on its way in or out; what is left of it is removed by the next run. */
    static Path hidden(Path index, String generation) {
        return index.resolve("." + generation + ".tmp-" + UUID.randomUUID());
    }

    private static int lastNumber(Path index) throws IOException {
        int last = 0;
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(index)) {
            for (Path entry : entries) {
                Matcher matcher = GENERATION.matcher(entry.getFileName().toString());
                if (matcher.matches()) {
                    last = Math.max(last, Integer.parseInt(matcher.group(1)));
                }
            }
        }
        return last;
    }

    /** The name it will have, {@code gen-000001}. */
    String name() {
        return name;
    }

    /** Where to write its files. */
    Path directory() {
        return directory;
    }

    /** Takes over a file of another generation without copying it, if the file system can. */
    void link(Path source, String file) {
        Path target = directory.resolve(file);
        try {
            Files.createDirectories(target.getParent());
            try {
                Files.createLink(target, source);
            } catch (IOException | UnsupportedOperationException e) {
                Files.copy(source, target);
                Directories.forceFile(target);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot take over " + source, e);
        }
    }

    /** Makes a file of the generation durable. */
    void force(String file) {
        try {
            Directories.forceFile(directory.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + directory.resolve(file), e);
        }
    }

    /** Writes the manifest, makes everything durable and gives the directory its name; not yet visible to servers. */
    void complete(IndexManifest manifest) {
        try {
            Path file = directory.resolve(IndexLayout.MANIFEST);
            Files.write(file, manifest.toJson());
            Directories.forceFile(file);
            try (DirectoryStream<Path> folders = Files.newDirectoryStream(directory, Files::isDirectory)) {
                for (Path folder : folders) {
                    Directories.force(folder);
                }
            }
            Directories.force(directory);
            Files.move(directory, index.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            Directories.force(index);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot complete " + index.resolve(name), e);
        }
    }

    /** Makes the completed generation the one that servers use. */
    void publish() {
        Publication.publish(index, name);
    }

    /** Removes what was not completed. */
    @Override
    public void close() {
        Directories.deleteRecursively(directory);
    }
}
