package org.imagesearch.server.index;

import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;

/** The best k of everything found so far, and with it the score below which nothing more is of use. Thread-safe. */
public final class BestHits {
    private final int k;
    private final float least;
    private final PriorityQueue<Found> worstFirst = new PriorityQueue<>(Found.BEST_FIRST.reversed());

    /** @param least what scores below it is of no use */
    public BestHits(int k, double least) {
        this.k = k;
        // The nearest float may lie above, and would keep out a hit that lies between.
        this.least = (float) least > least ? Math.nextDown((float) least) : (float) least;
    }

    /**
     * Adds what a scan found.
     *
     * @param shard the number of the shard
     * @param ids best first, -1 from where there are fewer
     */
    public synchronized void add(int shard, long[] ids, float[] scores) {
        for (int i = 0; i < ids.length && ids[i] >= 0 && scores[i] >= bound(); i++) {
            worstFirst.add(new Found(shard, ids[i], scores[i]));
            if (worstFirst.size() > k) {
                worstFirst.remove();
            }
        }
    }

    /** Adds what a shard answered. */
    public void add(ShardHits answer) {
        add(answer.shard(), answer.ids(), answer.scores());
    }

    /** Hits that score below it cannot be among the best k any more; one of equal score still can. */
    public synchronized float bound() {
        return worstFirst.size() < k
                ? least
                : Math.max(least, worstFirst.element().score());
    }

    /** Best first. */
    public synchronized List<Found> sorted() {
        List<Found> all = new ArrayList<>(worstFirst);
        all.sort(Found.BEST_FIRST);
        return all;
    }
}
