package org.imagesearch.core.rows;

/**
 * The pictures of a store that a filter lets through.
 *
 * @param ids ascending
 * @param lists the inverted list that holds the vector of each
 * @param all whether these are all pictures of the store
 */
public record MatchingRows(long[] ids, int[] lists, boolean all) {}
