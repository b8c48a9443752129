package org.imagesearch.server.query;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.imagesearch.core.filter.Filter;

/**
 * A query as it was asked.
 *
 * @param terms what to look for, at least one
 * @param k hits wanted
 * @param nprobe inverted lists to scan; absent for what {@code recall} or the index says
 * @param recall recall@10 wanted, 0 to 1
 * @param minScore hits below it are left out
 * @param nearDuplicates inner product of embeddings from which on pictures count as one: of each group, the best is a hit, and names the others
 * @param withVectors whether hits carry their embeddings
 * @param partial whether an answer is of use that lacks shards; else there is none then
 * @param filter what hits must be
 */
public record Query(
        List<Term> terms,
        int k,
        OptionalInt nprobe,
        OptionalDouble recall,
        OptionalDouble minScore,
        OptionalDouble nearDuplicates,
        boolean withVectors,
        boolean partial,
        Optional<Filter> filter) {
    public Query {
        terms = List.copyOf(terms);
    }

    /** A query for one term, with nothing else said. */
    public static Query of(Term term, int k) {
        return new Query(
                List.of(term),
                k,
                OptionalInt.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                false,
                true,
                Optional.empty());
    }
}
