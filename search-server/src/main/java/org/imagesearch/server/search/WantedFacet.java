package org.imagesearch.server.search;

import java.util.function.IntFunction;
import org.imagesearch.server.query.Deadline;

/**
 * The one label whose hits a query wants. What label a picture has is known once its embedding was fetched, so a page looks at more
 * and more pictures until it has enough of them.
 *
 * @param k hits of that label that make a page
 * @param most pictures that a page looks at
 */
record WantedFacet(String label, int k, int most) {
    /** Rare labels take long to find: beyond, the next page goes on. */
    private static final int PICTURES_PER_HIT = 10;

    /** What a page may look at however few hits it should have. */
    private static final int PICTURES = 1000;

    private static final int GROWTH = 4;

    /** @param depth pictures that are left until where pages reach down to */
    static WantedFacet of(String label, int k, int depth) {
        long most = Math.max((long) PICTURES_PER_HIT * k, PICTURES);
        return new WantedFacet(label, k, (int) Math.min(most, depth));
    }

    /**
     * A page that ends with its k-th hit of the label, if there are so many among the pictures that it may look at.
     *
     * @param look shows so many of the best pictures behind the page before
     */
    Seen find(IntFunction<Seen> look, Deadline deadline) {
        int pictures = k;
        Seen seen = look.apply(pictures);
        while (seen.countOf(label) < k && seen.page().more() && pictures < most && !deadline.hasPassed()) {
            pictures = (int) Math.min(most, (long) GROWTH * pictures);
            seen = look.apply(pictures);
        }
        return seen.untilOf(label, k);
    }
}
