package org.imagesearch.server.search;

import java.util.Comparator;
import org.imagesearch.server.index.Shard;

/** A picture that a scan found. */
record Found(Shard shard, long id, float score) {
    /** Higher scores first, among equal ones the lower id. */
    static final Comparator<Found> BEST_FIRST =
            Comparator.comparingDouble((Found found) -> -found.score).thenComparingLong(Found::id);
}
