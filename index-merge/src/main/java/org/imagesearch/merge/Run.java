package org.imagesearch.merge;

import java.io.Serializable;
import org.imagesearch.core.parquet.RowRange;

/**
 * Rows of a dataset that stand together and go to a shard together.
 *
 * @param rows where they are
 * @param wanted how many of them are to be written; the others are in the index already or taken down
 */
record Run(RowRange rows, long wanted) implements Serializable {}
