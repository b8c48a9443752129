/**
 * Shards that are open in this process: their files, what of them is hidden, and the threads that scan them. A generation owns its
 * shards; the threads outlive generations.
 */
package org.imagesearch.server.shards;
