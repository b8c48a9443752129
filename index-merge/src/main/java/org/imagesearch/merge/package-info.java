/**
 * The Spark job that turns a dataset of embeddings into a generation of an index: one set of centroids, one Faiss file
 * and one row store per shard, a measured recall curve, published atomically.
 *
 * <p>Three Spark stages read the dataset and the shards: a sample is drawn over all pictures; pictures are assigned to
 * centroids, shuffled to their shard in the order of its file and written, one task per shard; every shard is read back,
 * checked and searched exactly. Everything else runs on the driver. Tasks hold a bounded number of rows at a time.
 */
package org.imagesearch.merge;
