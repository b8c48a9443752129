package org.imagesearch.faiss;

/**
 * The vectors of an index that a search is limited to: how many there are in which list, and what a scan asks of an id. Immutable and
 * thread-safe; the creator closes it.
 */
public final class MatchingVectors implements AutoCloseable {
    private final int[] ofLists;
    private final long count;
    private final IdFilter ids;
    private final long bytes;

    /**
     * @param ids of the index, distinct
     * @param lists the list that holds each, 0 to nlist - 1
     * @param nlist lists of the index
     * @param all whether the index has no others
     */
    public MatchingVectors(long[] ids, int[] lists, int nlist, boolean all) {
        Arguments.requireLength("lists", lists.length, ids.length);
        this.ofLists = new int[nlist];
        for (int list : lists) {
            Arguments.requireRange("list", list, 0, nlist - 1L);
            ofLists[list]++;
        }
        this.count = ids.length;
        this.ids = all || count == 0 ? null : IdFilter.only(ids);
        this.bytes = Integer.BYTES * (long) nlist + (this.ids == null ? 0 : this.ids.bytes());
    }

    public long count() {
        return count;
    }

    /** How many of them are in a list. */
    int in(long list) {
        return ofLists[(int) list];
    }

    /** What lets them through; null if there is nothing else in the index, or if there are none of them. */
    public IdFilter ids() {
        return ids;
    }

    /** Bytes of memory that this takes. */
    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        if (ids != null) {
            ids.close();
        }
    }
}
