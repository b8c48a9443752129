/**
 * What is served: a generation of the index, wherever its shards are, and its replacement by a newer one without dropping a
 * query. Generations are counted references: whoever uses one retains it first and releases it after.
 */
package org.imagesearch.server.index;
