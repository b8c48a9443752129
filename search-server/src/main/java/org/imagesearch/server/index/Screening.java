package org.imagesearch.server.index;

import java.util.List;
import org.imagesearch.core.index.ShardEntry;

/**
 * Whether shards keep a screen, {@link org.imagesearch.faiss.IvfIndex#screen}: the same hits several times sooner, for three tenths
 * of the vectors' memory and a reading of all of them when a generation is opened. Vectors that are kept in fewer bits have none.
 */
public enum Screening {
    /** Where memory holds the vectors and their screens together, and something is left. */
    AUTO,
    ALWAYS,
    NEVER;

    /** The share of the available memory that vectors and screens may take: what else there is needs some too. */
    private static final double MOST = 0.75;

    /** Bytes of an index to bytes of its screen, and something. */
    private static final double SCREEN_SHARE = 0.31;

    /**
     * Whether shards of this size are to keep a screen.
     *
     * @param availableMemory bytes, 0 if it is not known
     */
    public boolean wanted(List<ShardEntry> shards, long availableMemory) {
        return switch (this) {
            case ALWAYS -> true;
            case NEVER -> false;
            case AUTO -> (1 + SCREEN_SHARE) * bytes(shards) <= MOST * availableMemory;
        };
    }

    private static double bytes(List<ShardEntry> shards) {
        return shards.stream().mapToLong(shard -> shard.index().bytes()).sum();
    }
}
