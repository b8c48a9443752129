package org.imagesearch.merge;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.core.rows.RowStore;

/**
 * The pictures that are not to be written: those that an index has already, and those that are taken down. Ids are looked up
 * sorted, many at once, which reads the stores forward. One thread at a time.
 */
final class PublishedPictures implements Closeable {
    private final List<RowStore> stores = new ArrayList<>();
    private final long[] down;

    /**
     * @param directories row stores of all published shards; none where an index is built anew
     * @param down ids that are taken down, ascending
     */
    PublishedPictures(List<String> directories, long[] down) {
        this.down = down;
        try {
            directories.forEach(directory -> stores.add(RowStore.open(Path.of(directory))));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Whether there is no index yet. */
    boolean isEmpty() {
        return stores.isEmpty();
    }

    /**
     * Which pictures are in the index, or taken down.
     *
     * @param ids of the pictures
     * @param uris of the pictures, to be compared with those in the index; null, or null for a picture, compares nothing
     * @param count how many pictures, at most {@link SortedIds#MOST}
     * @throws ImageSearchException (input) if an id is in the index, but for another picture: two datasets that count from
     *     zero
     */
    boolean[] excluded(long[] ids, String[] uris, int count) {
        boolean[] excluded = new boolean[count];
        for (int i = 0; i < count; i++) {
            excluded[i] = Arrays.binarySearch(down, ids[i]) >= 0;
        }
        if (stores.isEmpty() || count == 0) {
            return excluded;
        }
        SortedIds sorted = SortedIds.of(ids, count);
        for (RowStore store : stores) {
            store.forEachOf(sorted.ids(), (id, list, row) -> {
                for (int i = sorted.firstAtLeast(id); i < count && sorted.ids()[i] == id; i++) {
                    int place = sorted.place(i);
                    excluded[place] = true;
                    if (uris != null && uris[place] != null) {
                        requireSame(id, RowCodec.decode(row, 0, row.length).uri(), uris[place]);
                    }
                }
            });
        }
        return excluded;
    }

    private static void requireSame(long id, String known, String found) {
        if (!known.equals(found)) {
            throw ImageSearchException.input(
                    "id %d is %s in the index and %s in the dataset: ids must name the same pictures to add to an index",
                    id, known, found);
        }
    }

    @Override
    public void close() {
        stores.forEach(RowStore::close);
    }
}
