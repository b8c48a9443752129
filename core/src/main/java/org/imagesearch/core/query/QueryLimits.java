package org.imagesearch.core.query;

/**
 * What a query may be.
 *
 * @param k hits where a query does not say
 * @param dimension floats that a vector must have
 * @param maxTerms terms at most
 * @param maxTextLength characters of a text at most
 * @param maxFacets labels at most
 * @param maxBytes of a query as JSON, which a picture in it may fill
 */
public record QueryLimits(int k, int dimension, int maxTerms, int maxTextLength, int maxFacets, int maxBytes) {}
