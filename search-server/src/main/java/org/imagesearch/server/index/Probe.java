package org.imagesearch.server.index;

/**
 * What every shard is asked for: the nearest of the vectors in some lists.
 *
 * @param query float[dimension], of unit length
 * @param k hits at most
 * @param least hits below it are of no use
 * @param lists long[nprobe], the centroids nearest to the query
 * @param coarseScores float[nprobe], their scores
 */
public record Probe(float[] query, int k, double least, long[] lists, float[] coarseScores) {}
