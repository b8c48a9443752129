package org.imagesearch.merge;

import java.util.Arrays;
import org.imagesearch.core.Ids;

/** Some ids in ascending order, each with its place in the order in which they were given. */
final class SortedIds {
    /** Bits for a place; ids leave these free. */
    private static final int PLACE_BITS = 12;

    /** How many there may be. */
    static final int MOST = 1 << PLACE_BITS;

    private final long[] ids;
    private final int[] places;

    private SortedIds(long[] ids, int[] places) {
        this.ids = ids;
        this.places = places;
    }

    /** @param count the first so many of them, at most {@value #MOST} */
    static SortedIds of(long[] ids, int count) {
        if (count > MOST) {
            throw new IllegalArgumentException(count + " ids, expected " + MOST + " at most");
        }
        // An id and its place fit into one number, which sorts without objects.
        long[] packed = new long[count];
        for (int place = 0; place < count; place++) {
            packed[place] = Ids.requireValid(ids[place]) << PLACE_BITS | place;
        }
        Arrays.sort(packed);
        long[] sorted = new long[count];
        int[] places = new int[count];
        for (int i = 0; i < count; i++) {
            sorted[i] = packed[i] >>> PLACE_BITS;
            places[i] = (int) (packed[i] & (MOST - 1));
        }
        return new SortedIds(sorted, places);
    }

    /** Ascending; not to be changed. */
    long[] ids() {
        return ids;
    }

    /** Where the id stood that is number {@code i} now. */
    int place(int i) {
        return places[i];
    }

    /** The number of the first one that is not less than an id. */
    int firstAtLeast(long id) {
        int found = Arrays.binarySearch(ids, id);
        if (found < 0) {
            return -found - 1;
        }
        while (found > 0 && ids[found - 1] == id) {
            found--;
        }
        return found;
    }
}
