/**
 * Shards on other machines. A node is a server that has some shards; a broker encodes a query, finds its nearest centroids, asks nodes
 * and merges what they answer ({@link org.imagesearch.server.nodes.RemoteGeneration}). They speak a protocol of frames
 * ({@link org.imagesearch.server.nodes.Message}) over connections that stay open, each with a thread that reads and one that writes,
 * so that neither side waits for the other.
 *
 * <p>Whoever knows an address knows nothing yet: which shards of which generations a node has, it tells itself, and again with every
 * answer to a ping. Shards that several nodes have are asked of one of them, and of another if that one fails or is late.
 */
package org.imagesearch.server.nodes;
