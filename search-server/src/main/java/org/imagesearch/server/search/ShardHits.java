package org.imagesearch.server.search;

import org.imagesearch.server.index.Shard;

/**
 * What one shard answered.
 *
 * @param ids best first, at most k
 * @param scores as many
 * @param problem why there are no hits, null if there are
 */
record ShardHits(Shard shard, long[] ids, float[] scores, String problem) {
    static ShardHits none(Shard shard, String problem) {
        return new ShardHits(shard, new long[0], new float[0], problem);
    }
}
