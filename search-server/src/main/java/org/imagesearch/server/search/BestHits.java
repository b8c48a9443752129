package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.imagesearch.server.index.Shard;

/** The best k of everything found so far, and with it the score below which nothing more is of use. Thread-safe. */
final class BestHits {
    private final int k;
    private final float least;
    private final PriorityQueue<Found> worstFirst = new PriorityQueue<>(Found.BEST_FIRST.reversed());

    /** @param least what scores below it is of no use */
    BestHits(int k, double least) {
        this.k = k;
        // The nearest float may lie above, and would keep out a hit that lies between.
        this.least = (float) least > least ? Math.nextDown((float) least) : (float) least;
    }

    /**
     * Adds what a scan found.
     *
     * @param ids best first, -1 from where there are fewer
     */
    synchronized void add(Shard shard, long[] ids, float[] scores) {
        for (int i = 0; i < ids.length && ids[i] >= 0 && scores[i] >= bound(); i++) {
            worstFirst.add(new Found(shard, ids[i], scores[i]));
            if (worstFirst.size() > k) {
                worstFirst.remove();
            }
        }
    }

    /** Hits that score below it cannot be among the best k any more; one of equal score still can. */
    synchronized float bound() {
        return worstFirst.size() < k
                ? least
                : Math.max(least, worstFirst.element().score());
    }

    /** Best first. */
    synchronized List<Found> sorted() {
        List<Found> all = new ArrayList<>(worstFirst);
        all.sort(Found.BEST_FIRST);
        return all;
    }
}
