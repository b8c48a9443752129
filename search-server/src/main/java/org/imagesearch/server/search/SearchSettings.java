package org.imagesearch.server.search;

import java.time.Duration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.query.QueryLimits;

/**
 * Limits of searching.
 *
 * @param k hits where a request does not say
 * @param maxK hits at most
 * @param maxDepth hits that pages of a query reach down to at most
 * @param maxFacets labels at most
 * @param maxBatch queries of one request at most
 * @param maxTerms terms of a query at most
 * @param maxTextLength characters of a text at most
 * @param timeout what a request may take once it is there as a whole, waiting and encoding included
 * @param threads threads that scan shards; 0 takes every processor
 * @param queue scans that wait for a thread at most; beyond it shards answer that they are overloaded
 * @param textCache embeddings of texts that are remembered
 * @param liveRecall how recall is measured on live queries
 */
public record SearchSettings(
        int k,
        int maxK,
        int maxDepth,
        int maxFacets,
        int maxBatch,
        int maxTerms,
        int maxTextLength,
        Duration timeout,
        int threads,
        int queue,
        int textCache,
        LiveRecallSettings liveRecall) {
    private static final Duration LONGEST = Duration.ofDays(1);

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public SearchSettings {
        requireRange("max-k", maxK, 1, 100_000);
        requireRange("k", k, 1, maxK);
        requireRange("max-depth", maxDepth, maxK, 1_000_000);
        requireRange("max-facets", maxFacets, 2, 10_000);
        requireRange("max-batch", maxBatch, 1, 10_000);
        requireRange("max-terms", maxTerms, 1, 1000);
        requireRange("max-text-length", maxTextLength, 1, 100_000);
        requireRange("threads", threads, 0, 1024);
        requireRange("queue", queue, 1, 1_000_000);
        requireRange("text-cache", textCache, 0, 10_000_000);
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.search.timeout is %s s, expected more than 0 and at most 1 day",
                    timeout.toNanos() / 1e9);
        }
    }

    private static void requireRange(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw ImageSearchException.input(
                    "setting serve.search.%s is %d, expected %d to %d", name, value, least, most);
        }
    }

    /**
     * What a query may be.
     *
     * @param dimension floats that a vector must have
     * @param maxBytes of a body
     */
    public QueryLimits queryLimits(int dimension, int maxBytes) {
        return new QueryLimits(k, dimension, maxTerms, maxTextLength, maxFacets, maxBytes);
    }

    /** Threads that scan shards. */
    public int scanThreads() {
        return threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
    }
}
