package org.imagesearch.server.index;

/**
 * What the filters of a server came to since it started, counted once per filter and shard.
 *
 * @param hits times that what a filter lets through was known from an earlier query
 * @param misses times that it had to be found out
 * @param evictions times that it was forgotten to make room
 * @param bytes of memory that is kept of filters at present
 */
public record FilterCacheState(long hits, long misses, long evictions, long bytes) {}
