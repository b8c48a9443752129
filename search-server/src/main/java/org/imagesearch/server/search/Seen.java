package org.imagesearch.server.search;

import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.imagesearch.server.search.Answer.Coverage;
import org.imagesearch.server.search.Answer.Hit;

/**
 * A page whose pictures were looked at.
 *
 * @param coverage the shards that it comes from
 * @param hits of the page, best first, with their embeddings and labels where the query has a use for them
 */
record Seen(Page page, Coverage coverage, List<Hit> hits) {
    /** The same with something told of every hit. */
    Seen with(UnaryOperator<Hit> told) {
        return new Seen(page, coverage, hits.stream().map(told).toList());
    }

    /** The part until the k-th hit of a label; all of it if there are fewer. */
    Seen untilOf(String label, int k) {
        int wanted = 0;
        for (int i = 0; i < hits.size(); i++) {
            wanted += has(hits.get(i), label) ? 1 : 0;
            if (wanted == k) {
                return new Seen(page.until(hits.get(i).id()), coverage, hits.subList(0, i + 1));
            }
        }
        return this;
    }

    int countOf(String label) {
        return hitsOf(label).size();
    }

    List<Hit> hitsOf(String label) {
        return hits.stream().filter(hit -> has(hit, label)).toList();
    }

    private static boolean has(Hit hit, String label) {
        return hit.facet().equals(Optional.of(label));
    }
}
