package org.imagesearch.server.access;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;

/**
 * Tells when files have changed and then looked the same twice: many editors empty a file before they write it anew, and a
 * certificate is not written in the same moment as its key. Not thread-safe.
 */
public final class ChangedFiles {
    private final List<Path> files;
    private List<Optional<Look>> seen;
    private List<Optional<Look>> known;

    /** Files as they are now. */
    public ChangedFiles(List<Path> files) {
        this.files = List.copyOf(files);
        this.known = look();
        this.seen = known;
    }

    /** What of a file changes when it is written or replaced. */
    private record Look(FileTime modified, long bytes, Optional<Object> key) {}

    /** Whether they have become others since this last said so, and are others no more since it was last asked. */
    public boolean haveChanged() {
        List<Optional<Look>> now = look();
        boolean settled = now.equals(seen);
        seen = now;
        if (!settled || now.equals(known)) {
            return false;
        }
        known = now;
        return true;
    }

    private List<Optional<Look>> look() {
        return files.stream().map(ChangedFiles::look).toList();
    }

    private static Optional<Look> look(Path file) {
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            return Optional.of(new Look(found.lastModifiedTime(), found.size(), Optional.ofNullable(found.fileKey())));
        } catch (IOException e) {
            // Gone, or not to be read: whoever reads it says so.
            return Optional.empty();
        }
    }
}
