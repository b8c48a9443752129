package org.imagesearch.server.index;

import java.util.List;

/**
 * What one shard answered.
 *
 * @param shard its number
 * @param ids best first, at most k
 * @param scores as many
 * @param problem why there are no hits, null if there are
 */
public record ShardHits(int shard, long[] ids, float[] scores, String problem) {
    /** It was not asked in time, or has not answered by then. */
    public static final String DEADLINE = "deadline";

    /** Too many others wait already. */
    public static final String OVERLOADED = "overloaded";

    public static final String FAILED = "failed";

    /** No node that has it can be reached. */
    public static final String UNREACHABLE = "unreachable";

    /** Most others answered long before. */
    public static final String SLOW = "slow";

    /** Every problem there is. */
    public static final List<String> PROBLEMS = List.of(DEADLINE, OVERLOADED, FAILED, UNREACHABLE, SLOW);

    /** A shard without an answer. */
    public static ShardHits none(int shard, String problem) {
        return new ShardHits(shard, new long[0], new float[0], problem);
    }
}
