package org.imagesearch.server.index;

import java.util.Comparator;

/**
 * A picture that a scan found.
 *
 * @param shard the number of the shard that has it
 */
public record Found(int shard, long id, float score) {
    /** Higher scores first, among equal ones the lower id. */
    public static final Comparator<Found> BEST_FIRST =
            Comparator.comparingDouble((Found found) -> -found.score).thenComparingLong(Found::id);
}
