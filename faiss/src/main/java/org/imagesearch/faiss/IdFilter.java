package org.imagesearch.faiss;

import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;

/**
 * A set of ids that a search is limited to, or that it leaves out. Where few are left, a scan looks for their ids and scores these
 * vectors alone. Immutable and thread-safe; the creator closes it.
 */
public final class IdFilter implements AutoCloseable {
    private final NativeHandle handle;

    private IdFilter(long[] ids, boolean others) {
        FaissLibrary.require();
        requireIds(ids);
        this.handle = new NativeHandle("id filter", FaissCalls.idSet(ids, ids.length, others), FaissCalls::idSetFree);
    }

    /** Lets only these ids through; a scan takes them for ids of the index, each given once. */
    public static IdFilter only(long[] ids) {
        return new IdFilter(ids, false);
    }

    /** Lets all ids but these through; a scan takes them for ids of the index, each given once. */
    public static IdFilter except(long[] ids) {
        return new IdFilter(ids, true);
    }

    /** Bytes of memory that it takes: a bit for every number from the least id to the largest, or 16 to 32 bytes an id. */
    public long bytes() {
        return handle.read(FaissCalls::idSetBytes);
    }

    NativeHandle handle() {
        return handle;
    }

    @Override
    public void close() {
        handle.close();
    }

    private static void requireIds(long[] ids) {
        if (ids.length == 0) {
            throw ImageSearchException.input("a filter needs at least one id");
        }
        for (long id : ids) {
            if (id < 0) {
                throw ImageSearchException.input("a filter has the id %d, expected none below 0", id);
            }
        }
    }
}
