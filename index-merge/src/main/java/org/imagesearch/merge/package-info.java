/**
 * The Spark job that turns a dataset of embeddings into a generation of an index: one set of centroids, one Faiss file
 * and one row store per shard, a measured recall curve, published atomically.
 *
 * <p>Four Spark stages read the dataset and the shards: ids are counted; a sample is drawn over all pictures; every shard is
 * written from its rows of the dataset, one task each; every shard is read back, checked and searched exactly. Everything else
 * runs on the driver. Tasks hold a bounded number of rows at a time.
 */
package org.imagesearch.merge;
