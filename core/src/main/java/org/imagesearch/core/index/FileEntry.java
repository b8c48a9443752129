package org.imagesearch.core.index;

import org.imagesearch.core.ImageSearchException;

/**
 * A file of a generation.
 *
 * @param name path relative to the generation's directory, with {@code /}
 * @param bytes its size
 * @param sha256 its checksum, 64 hexadecimal digits
 */
public record FileEntry(String name, long bytes, String sha256) {
    /** @throws ImageSearchException (data) if the name is missing or leads out of the generation */
    public FileEntry {
        if (name == null || sha256 == null || name.isEmpty() || name.startsWith("/") || name.contains("..")) {
            throw ImageSearchException.data("index.json names an impossible file: %s", name);
        }
        if (bytes < 0) {
            throw ImageSearchException.data("index.json: %s has %d bytes", name, bytes);
        }
    }
}
