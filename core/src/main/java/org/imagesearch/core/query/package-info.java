/**
 * What a query is and how it is written as JSON, for whoever answers it: the server or a job over a whole dataset. Queries are
 * immutable, readers thread-safe. What is wrong with one is told by an {@link org.imagesearch.core.ImageSearchException} (input).
 */
package org.imagesearch.core.query;
