/**
 * The server: a query is encoded once, assigned to its centroids once, and scanned in every shard side by side.
 *
 * <p>{@code query} is what is asked, {@code index} what is served, {@code search} the fan-out between them, {@code pictures}
 * the files behind ids, {@code http} how all of it is reached.
 */
package org.imagesearch.server;
