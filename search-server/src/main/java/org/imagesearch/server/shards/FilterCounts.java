package org.imagesearch.server.shards;

import java.util.concurrent.atomic.LongAdder;
import org.imagesearch.server.index.FilterCacheState;

/** Counts what {@link RecentFilters} do, of one generation after the other. Thread-safe. */
final class FilterCounts {
    private final LongAdder hits = new LongAdder();
    private final LongAdder misses = new LongAdder();
    private final LongAdder evictions = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    void hit() {
        hits.increment();
    }

    void missed() {
        misses.increment();
    }

    void evicted() {
        evictions.increment();
    }

    /** @param more bytes, less than 0 if fewer */
    void keeps(long more) {
        bytes.add(more);
    }

    FilterCacheState state() {
        return new FilterCacheState(hits.sum(), misses.sum(), evictions.sum(), bytes.sum());
    }
}
