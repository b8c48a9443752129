package org.imagesearch.core.index;

import java.util.Arrays;
import org.imagesearch.core.ImageSearchException;

/** What the lines so far say about each id: an open-addressed table of longs, 8 to 16 bytes per id. Not thread-safe. */
final class TakedownStates {
    private static final int FIRST_SLOTS = 1 << 10;

    /** 0 for an empty slot, else {@code (id << 1 | down) + 1}; ids have at most 50 bits. */
    private long[] slots = new long[FIRST_SLOTS];

    private int used;
    private int down;

    /**
     * Notes the newest state of an id.
     *
     * @throws ImageSearchException (data) if that makes more than {@link Takedowns#LIMIT} different ids
     */
    void put(long id, boolean isDown) {
        int slot = slotOf(slots, id);
        if (slots[slot] == 0) {
            if (used == Takedowns.LIMIT) {
                throw ImageSearchException.data("more than %d different ids", Takedowns.LIMIT);
            }
            used++;
        }
        down += (isDown ? 1 : 0) - (isDownAt(slot) ? 1 : 0);
        slots[slot] = (id << 1 | (isDown ? 1 : 0)) + 1;
        if (used > slots.length / 4 * 3) {
            grow();
        }
    }

    boolean isDown(long id) {
        return isDownAt(slotOf(slots, id));
    }

    /** Different ids seen, down or given back. */
    int size() {
        return used;
    }

    /** The ids that are down, ascending. */
    long[] sortedDown() {
        long[] ids = new long[down];
        int n = 0;
        for (int slot = 0; slot < slots.length; slot++) {
            if (isDownAt(slot)) {
                ids[n++] = (slots[slot] - 1) >> 1;
            }
        }
        Arrays.sort(ids);
        return ids;
    }

    private boolean isDownAt(int slot) {
        return slots[slot] != 0 && ((slots[slot] - 1) & 1) == 1;
    }

    private void grow() {
        long[] larger = new long[slots.length * 2];
        for (long entry : slots) {
            if (entry != 0) {
                larger[slotOf(larger, (entry - 1) >> 1)] = entry;
            }
        }
        slots = larger;
    }

    /** The slot that holds an id, or the empty one where it belongs. */
    private static int slotOf(long[] table, long id) {
        // Fibonacci hashing: ids are often consecutive, and often multiples of something.
        int slot = (int) ((id * 0x9E37_79B9_7F4A_7C15L) >>> 40) & (table.length - 1);
        while (table[slot] != 0 && (table[slot] - 1) >> 1 != id) {
            slot = (slot + 1) & (table.length - 1);
        }
        return slot;
    }
}
