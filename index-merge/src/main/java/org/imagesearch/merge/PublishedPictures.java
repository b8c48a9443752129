package org.imagesearch.merge;

import java.io.Closeable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.core.rows.RowStore;

/**
 * The pictures that are not to be written: those that an index has already, and those that are taken down. Ids are looked up
 * sorted, many at once, which reads the stores forward. One thread at a time.
 */
final class PublishedPictures implements Closeable {
    /** Bits for the place of an id among those that are looked up at once; ids leave these free. */
    private static final int PLACE_BITS = Long.numberOfLeadingZeros(Ids.LIMIT) - 1;

    /** Ids looked up at once at most. */
    static final int MOST_AT_ONCE = 1 << Math.min(PLACE_BITS, 12);

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
     * @param count how many pictures, at most {@value #MOST_AT_ONCE}
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
        long[] places = new long[count];
        for (int i = 0; i < count; i++) {
            places[i] = ids[i] << PLACE_BITS | i;
        }
        Arrays.sort(places);
        long[] sorted = new long[count];
        for (int i = 0; i < count; i++) {
            sorted[i] = places[i] >>> PLACE_BITS;
        }
        for (RowStore store : stores) {
            store.forEachOf(sorted, (id, list, row) -> {
                int first = Arrays.binarySearch(sorted, id);
                while (first > 0 && sorted[first - 1] == id) {
                    first--;
                }
                for (int i = first; i < count && sorted[i] == id; i++) {
                    int place = (int) (places[i] & ((1L << PLACE_BITS) - 1));
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
