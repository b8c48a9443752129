package org.imagesearch.core.rows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.NumericDocValues;
import org.imagesearch.core.ImageSearchException;

/**
 * Where ids stand in a store, whose documents are in their order. Every {@value #STRIDE}th id is kept on the heap. Between two of these,
 * how far an id is from both says where it can stand, as no id comes twice: in a run of ids without gaps, at one place.
 */
final class IdOrder {
    /** A walk of this length costs about as much as the search; 8 bytes per stride and nothing more is held in memory. */
    private static final int STRIDE = 128;

    private final Path path;
    private final LeafReader leaf;
    private final int size;
    private final long[] fence;

    /**
     * Reads every id once.
     *
     * @param leaf null for an empty store
     * @throws ImageSearchException (data) naming the store, if they are not in order or one comes twice
     */
    IdOrder(Path path, LeafReader leaf) throws IOException {
        this.path = path;
        this.leaf = leaf;
        this.size = leaf == null ? 0 : leaf.maxDoc();
        this.fence = readFence();
    }

    int size() {
        return size;
    }

    /** A view of the ids by place, which moves forward alone. */
    NumericDocValues ids() throws IOException {
        return RowStore.numbers(path, leaf, RowFields.ID);
    }

    interface Found {
        /**
         * @param place of the id among those that were asked for
         * @param ordinal of its document
         */
        void at(int place, int ordinal) throws IOException;
    }

    /** Finds ascending ids, going forward through the store. */
    void find(long[] sorted, Found found) throws IOException {
        if (size == 0 || sorted.length == 0) {
            return;
        }
        NumericDocValues ids = ids();
        int ordinal = 0;
        for (int place = 0; place < sorted.length; place++) {
            ordinal = seek(ids, sorted[place], ordinal);
            if (ordinal < size && ids.advanceExact(ordinal) && ids.longValue() == sorted[place]) {
                found.at(place, ordinal);
            }
        }
    }

    /** The document of an id, -1 if there is none. */
    int ordinal(long id) throws IOException {
        int[] ordinal = {-1};
        find(new long[] {id}, (place, at) -> ordinal[0] = at);
        return ordinal[0];
    }

    /** The first document whose id is at least this one. */
    int firstAtLeast(long id) {
        try {
            return size == 0 ? 0 : seek(ids(), id, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The first place whose id is at least the one wanted.
     *
     * @param from a place that is known not to be behind it
     */
    private int seek(NumericDocValues ids, long wanted, int from) throws IOException {
        int stride = lastAtMost(wanted);
        if (stride < 0) {
            return 0;
        }
        int begin = stride * STRIDE;
        int end = (int) Math.min(size, (long) begin + STRIDE);
        long distance = wanted - fence[stride];
        int last = (int) Math.min(end - 1L, begin + Math.min(distance, STRIDE));
        int first = begin;
        if (stride + 1 < fence.length) {
            first = Math.max(first, end - (int) Math.min(fence[stride + 1] - wanted, STRIDE));
        }
        for (int ordinal = Math.max(from, first); ordinal <= last; ordinal++) {
            if (idAt(ids, ordinal) >= wanted) {
                return ordinal;
            }
        }
        return Math.max(from, last + 1);
    }

    /** The last place of the fence whose id is at most this one, -1 if all are larger. */
    private int lastAtMost(long id) {
        int low = 0;
        int high = fence.length - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (fence[middle] <= id) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return high;
    }

    private long[] readFence() throws IOException {
        long[] every = new long[(int) ((size + STRIDE - 1L) / STRIDE)];
        if (size == 0) {
            return every;
        }
        NumericDocValues ids = ids();
        long previous = -1;
        for (int ordinal = 0; ordinal < size; ordinal++) {
            long id = idAt(ids, ordinal);
            if (id == previous) {
                throw ImageSearchException.data("id %d is in %s twice", id, path);
            }
            if (id < previous) {
                throw ImageSearchException.data("the row store %s is not in id order at id %d", path, id);
            }
            if (ordinal % STRIDE == 0) {
                every[ordinal / STRIDE] = id;
            }
            previous = id;
        }
        return every;
    }

    private long idAt(NumericDocValues ids, int ordinal) throws IOException {
        if (!ids.advanceExact(ordinal)) {
            throw ImageSearchException.data("the row store %s has no id at place %d", path, ordinal);
        }
        return ids.longValue();
    }
}
