/**
 * The search itself: terms become one unit vector, which is assigned to its centroids once and then scanned in every shard
 * side by side; what the shards answer in time is merged.
 */
package org.imagesearch.server.search;
