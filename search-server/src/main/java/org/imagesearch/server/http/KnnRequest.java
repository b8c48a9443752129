package org.imagesearch.server.http;

import org.imagesearch.core.query.Query;

/**
 * A request to {@code /knn-service}.
 *
 * @param length of the vector asked with, by which similarities are multiplied: clip-retrieval does not scale it to 1
 * @param wanted hits at most, which may be none
 * @param withMetadata how many of the first hits carry metadata
 * @param deduplicate whether of near duplicates only the best is wanted
 */
record KnnRequest(Query query, double length, int wanted, int withMetadata, boolean deduplicate) {}
