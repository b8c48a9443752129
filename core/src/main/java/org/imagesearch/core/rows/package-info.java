/**
 * The rows behind the ids of a shard: a small Lucene index whose documents stand in id order, one per picture.
 *
 * <p>A writer belongs to one thread. A {@link org.imagesearch.core.rows.RowStore} is memory-mapped, thread-safe and closed
 * by whoever opened it. Programs that use this package bring lucene-core.
 */
package org.imagesearch.core.rows;
