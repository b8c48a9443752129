package org.imagesearch.faiss;

import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;

/** A set of ids that a search is limited to, or that it leaves out. Immutable and thread-safe; the creator closes it. */
public final class IdFilter implements AutoCloseable {
    private final NativeHandle handle;

    private IdFilter(String name, long address) {
        this.handle = new NativeHandle(name, address, FaissCalls::selectorFree);
    }

    /** Lets only these ids through. */
    public static IdFilter only(long[] ids) {
        FaissLibrary.require();
        requireSome(ids);
        return new IdFilter("id filter", FaissCalls.selectorOnly(ids, ids.length));
    }

    /** Lets all ids but these through. */
    public static IdFilter except(long[] ids) {
        FaissLibrary.require();
        requireSome(ids);
        return new IdFilter("id filter", FaissCalls.selectorExcept(ids, ids.length));
    }

    NativeHandle handle() {
        return handle;
    }

    @Override
    public void close() {
        handle.close();
    }

    private static void requireSome(long[] ids) {
        if (ids.length == 0) {
            throw ImageSearchException.input("a filter needs at least one id");
        }
    }
}
