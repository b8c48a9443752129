package org.imagesearch.benchmarks;

import java.util.Arrays;
import org.imagesearch.core.ImageSearchException;

/**
 * What a round of searches found, row-major by query.
 *
 * @param ids long[queries * k], best first, -1 where there are fewer
 * @param scores float[queries * k]
 */
record Hits(long[] ids, float[] scores) {
    /** Two ways of adding 512 products differ by less; where two scores are this near, either order is right. */
    private static final float TIE = 1e-5f;

    /**
     * Requires the same ids in the same places, but for hits whose scores are equal within rounding.
     *
     * @throws ImageSearchException (data) with the first place where they differ
     */
    void requireSame(Hits other, int k) {
        if (ids.length != other.ids.length) {
            throw ImageSearchException.data("we found %d hits, they found %d", ids.length, other.ids.length);
        }
        if (Arrays.equals(ids, other.ids)) {
            return;
        }
        for (int place = 0; place < ids.length; place++) {
            if (ids[place] != other.ids[place] && !(Math.abs(scores[place] - other.scores[place]) <= TIE)) {
                throw ImageSearchException.data(
                        "query %d, place %d: we found id %d with score %s, they found id %d with score %s",
                        place / k, place % k, ids[place], scores[place], other.ids[place], other.scores[place]);
            }
        }
    }
}
