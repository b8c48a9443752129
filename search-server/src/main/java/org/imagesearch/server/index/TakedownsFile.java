package org.imagesearch.server.index;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.Takedowns;

/**
 * Reads the file of {@link Takedowns} when it looks different from before. Many editors empty a file before they write it anew;
 * so it counts as settled only when it looks the same twice in a row, and is read both times. Not thread-safe.
 */
final class TakedownsFile {
    private final Path root;
    private Look seen = Look.NEVER;
    private Look settled = Look.NEVER;

    TakedownsFile(Path root) {
        this.root = root;
    }

    /**
     * What the file says.
     *
     * @param down ids, ascending
     * @param settled whether the file looked the same the time before
     */
    record Reading(long[] down, boolean settled) {}

    /** What of a file changes when it is written or replaced. */
    private record Look(FileTime modified, long bytes, Object key) {
        static final Look NEVER = new Look(FileTime.fromMillis(0), -2, null);
        static final Look NO_FILE = new Look(FileTime.fromMillis(0), -1, null);
    }

    /**
     * Empty if the file looks as it did when it settled. After a failure it is read again every time, until that succeeds.
     *
     * @throws ImageSearchException as {@link Takedowns#read} does
     */
    Optional<Reading> readIfChanged() {
        // Looked at first: what changes while it is read is read again the next time.
        Look now = look();
        if (now.equals(settled)) {
            return Optional.empty();
        }
        boolean again = now.equals(seen);
        seen = now;
        long[] down = Takedowns.read(root);
        if (again) {
            settled = now;
        }
        return Optional.of(new Reading(down, again));
    }

    private Look look() {
        Path file = root.resolve(Takedowns.FILE);
        try {
            BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
            return new Look(found.lastModifiedTime(), found.size(), found.fileKey());
        } catch (NoSuchFileException e) {
            return Look.NO_FILE;
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read " + file + ": " + e, e);
        }
    }
}
