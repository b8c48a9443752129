package org.imagesearch.core.index;

import java.util.List;

/**
 * A shard of a generation.
 *
 * @param number its number, 0 to shards - 1
 * @param count pictures in it
 * @param index the Faiss file
 * @param rows the files of its row store
 */
public record ShardEntry(int number, long count, FileEntry index, List<FileEntry> rows) {
    public ShardEntry {
        rows = List.copyOf(rows);
    }
}
