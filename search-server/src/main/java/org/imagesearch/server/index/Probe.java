package org.imagesearch.server.index;

import java.util.Optional;
import org.imagesearch.core.filter.Filter;

/**
 * What every shard is asked for: the nearest of the vectors in some lists.
 *
 * @param query float[dimension], of unit length
 * @param k hits at most
 * @param least hits below it are of no use
 * @param lists long[nprobe], the centroids nearest to the query
 * @param coarseScores float[nprobe], their scores
 * @param filter what hits must be; with one, more lists are scanned if these have too few hits
 */
public record Probe(float[] query, int k, double least, long[] lists, float[] coarseScores, Optional<Filter> filter) {
    /** A probe for any picture. */
    public Probe(float[] query, int k, double least, long[] lists, float[] coarseScores) {
        this(query, k, least, lists, coarseScores, Optional.empty());
    }
}
