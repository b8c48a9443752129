package org.imagesearch.core.index;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.SampledChecksum;

/** An index on the local file system, for reading: which generation is published, and whether its files are whole. */
public final class IndexDirectory {
    private static final Pattern GENERATION = Pattern.compile("gen-\\d{6,9}");
    private static final int MANIFEST_LIMIT_BYTES = 64 << 20;

    private final Path root;

    public IndexDirectory(Path root) {
        this.root = root;
    }

    public Path root() {
        return root;
    }

    /**
     * The name of the published generation.
     *
     * @throws ImageSearchException (input) if nothing is published there; (data) if {@code CURRENT} names no generation
     */
    public String currentGeneration() {
        Path current = root.resolve(IndexLayout.CURRENT);
        try {
            String name = Files.readString(current, StandardCharsets.UTF_8).strip();
            if (!GENERATION.matcher(name).matches()) {
                throw ImageSearchException.data("%s names no generation: '%s'", current, name);
            }
            return name;
        } catch (NoSuchFileException e) {
            throw new ImageSearchException(
                    ErrorCode.INPUT, root + " is not a published index: it has no file " + IndexLayout.CURRENT, e);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + current + ": " + e, e);
        }
    }

    public Path generationPath(String generation) {
        return root.resolve(generation);
    }

    /** @throws ImageSearchException (data) if the generation has no valid manifest */
    public IndexManifest readManifest(String generation) {
        Path file = generationPath(generation).resolve(IndexLayout.MANIFEST);
        try {
            if (Files.size(file) > MANIFEST_LIMIT_BYTES) {
                throw ImageSearchException.data("%s is larger than %d bytes", file, MANIFEST_LIMIT_BYTES);
            }
            return IndexManifest.fromJson(Files.readAllBytes(file), file.toString());
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }

    /** The names of all complete generations, published or not, oldest first. */
    public List<String> generations() {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, Files::isDirectory)) {
            for (Path entry : entries) {
                String name = entry.getFileName().toString();
                if (GENERATION.matcher(name).matches()) {
                    names.add(name);
                }
            }
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot list " + root + ": " + e, e);
        }
        names.sort(Comparator.comparingLong(IndexLayout::number));
        return names;
    }

    /**
     * Reads a file of a generation to its end and compares size and checksum.
     *
     * @throws ImageSearchException (data) naming the file, expected and got, if it differs or is missing
     */
    public void verify(String generation, FileEntry entry) {
        Path file = requireSize(generation, entry);
        String sha256 = Checksums.of(file);
        if (!sha256.equals(entry.sha256())) {
            throw ImageSearchException.data(
                    "%s is damaged: sha256 %s, index.json says %s", file, sha256, entry.sha256());
        }
    }

    /**
     * Compares a file's size and its {@link SampledChecksum}, in milliseconds; a file that has none is read to its end.
     *
     * @throws ImageSearchException (data) naming the file, expected and got, if it differs or is missing
     */
    public void verifyQuickly(String generation, FileEntry entry) {
        if (entry.sampledSha256().isEmpty()) {
            verify(generation, entry);
            return;
        }
        Path file = requireSize(generation, entry);
        String sha256 = SampledChecksum.of(file);
        if (!sha256.equals(entry.sampledSha256().get())) {
            throw ImageSearchException.data(
                    "%s is damaged: sha256 of its samples %s, index.json says %s",
                    file, sha256, entry.sampledSha256().get());
        }
    }

    private Path requireSize(String generation, FileEntry entry) {
        Path file = generationPath(generation).resolve(entry.name());
        long bytes;
        try {
            bytes = Files.size(file);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "missing file of the index: " + file, e);
        }
        if (bytes != entry.bytes()) {
            throw ImageSearchException.data("%s has %d bytes, index.json says %d", file, bytes, entry.bytes());
        }
        return file;
    }
}
