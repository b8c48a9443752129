package org.imagesearch.core.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.SampledChecksum;

/**
 * A file of a generation.
 *
 * @param name path relative to the generation's directory, with {@code /}
 * @param bytes its size
 * @param sha256 its checksum, 64 hexadecimal digits
 * @param sampledSha256 its {@link SampledChecksum}; absent in manifests that were written before there was one
 */
public record FileEntry(String name, long bytes, String sha256, Optional<String> sampledSha256) {
    /** @throws ImageSearchException (data) if the name is missing or leads out of the generation */
    public FileEntry {
        if (name == null || sha256 == null || name.isEmpty() || name.startsWith("/") || name.contains("..")) {
            throw ImageSearchException.data("index.json names an impossible file: %s", name);
        }
        if (bytes < 0) {
            throw ImageSearchException.data("index.json: %s has %d bytes", name, bytes);
        }
    }

    /** A file without a sampled checksum. */
    public FileEntry(String name, long bytes, String sha256) {
        this(name, bytes, sha256, Optional.empty());
    }

    /**
     * Size and checksums of a file, read back from where it was written.
     *
     * @param directory the generation's directory
     * @param name as in {@link #name()}
     * @throws ImageSearchException (data) naming the file, if it cannot be read
     */
    public static FileEntry of(Path directory, String name) {
        Path file = directory.resolve(name);
        try {
            return new FileEntry(name, Files.size(file), Checksums.of(file), Optional.of(SampledChecksum.of(file)));
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }

    /** The same file under another name. */
    public FileEntry named(String other) {
        return new FileEntry(other, bytes, sha256, sampledSha256);
    }
}
