package org.imagesearch.core.index;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;

/**
 * A shard of a generation.
 *
 * @param number its number, 0 to shards - 1
 * @param count pictures in it
 * @param index the Faiss file
 * @param rows the files of its row store
 * @param refinement the store of better vectors, where the Faiss file holds codes and the factory asks for one
 */
public record ShardEntry(
        int number, long count, FileEntry index, List<FileEntry> rows, Optional<FileEntry> refinement) {
    /** @throws ImageSearchException (data) naming the shard, if a part is missing or its count is negative */
    public ShardEntry {
        if (index == null || rows == null || count < 0) {
            throw ImageSearchException.data(
                    "index.json: shard %d has count %d, index %s, rows %s", number, count, index, rows);
        }
        rows = List.copyOf(rows);
    }

    /** A shard without a refinement store. */
    public ShardEntry(int number, long count, FileEntry index, List<FileEntry> rows) {
        this(number, count, index, rows, Optional.empty());
    }

    /** All files of the shard. */
    public Stream<FileEntry> files() {
        return Stream.concat(Stream.concat(Stream.of(index), refinement.stream()), rows.stream());
    }
}
