package org.imagesearch.core.query;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.imagesearch.core.ImageSearchException;
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
 * @param standing what it wants to know of how hits stand among random pictures
 * @param facets labels that hits are sorted under
 * @param cursor where an earlier answer to the same query ended; hits behind it are wanted
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
        Standing standing,
        Facets facets,
        Optional<String> cursor,
        boolean withVectors,
        boolean partial,
        Optional<Filter> filter) {
    /** @throws ImageSearchException (input) naming what cannot be meant */
    public Query {
        terms = List.copyOf(terms);
        if (terms.isEmpty()) {
            throw ImageSearchException.input("nothing to search for: give text, id, a picture, a vector or terms");
        }
        if (nprobe.isPresent() && recall.isPresent()) {
            throw ImageSearchException.input("give nprobe or recall, not both");
        }
        recall.ifPresent(value -> {
            if (!(value >= 0 && value <= 1)) {
                throw ImageSearchException.input("recall is %s, expected 0 to 1", value);
            }
        });
        minScore.ifPresent(value -> {
            if (!Double.isFinite(value)) {
                throw ImageSearchException.input("minScore is %s, expected a finite number", value);
            }
        });
        nearDuplicates.ifPresent(value -> {
            if (!(value > 0 && value <= 1)) {
                throw ImageSearchException.input("nearDuplicates is %s, expected more than 0 and at most 1", value);
            }
        });
    }

    /** The same query, with the embeddings of its hits. */
    public Query givingVectors() {
        return new Query(
                terms, k, nprobe, recall, minScore, nearDuplicates, standing, facets, cursor, true, partial, filter);
    }

    /** The same query for so many hits. */
    public Query withK(int other) {
        return new Query(
                terms,
                other,
                nprobe,
                recall,
                minScore,
                nearDuplicates,
                standing,
                facets,
                cursor,
                withVectors,
                partial,
                filter);
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
                Standing.UNASKED,
                Facets.NONE,
                Optional.empty(),
                false,
                true,
                Optional.empty());
    }
}
