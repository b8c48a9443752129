package org.imagesearch.core.index;

import java.util.List;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;

/**
 * A shard of a generation.
 *
 * @param number its number, 0 to shards - 1
 * @param count pictures in it
 * @param index the Faiss file
 * @param rows the files of its row store
 */
public record ShardEntry(int number, long count, FileEntry index, List<FileEntry> rows) {
    /** @throws ImageSearchException (data) naming the shard, if a part is missing or its count is negative */
    public ShardEntry {
        if (index == null || rows == null || count < 0) {
            throw ImageSearchException.data(
                    "index.json: shard %d has count %d, index %s, rows %s", number, count, index, rows);
        }
        rows = List.copyOf(rows);
    }

    /** All files of the shard. */
    public Stream<FileEntry> files() {
        return Stream.concat(Stream.of(index), rows.stream());
    }
}
