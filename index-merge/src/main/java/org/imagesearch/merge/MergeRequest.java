package org.imagesearch.merge;

import java.nio.file.Path;

/**
 * What to merge.
 *
 * @param embeddings the dataset's directory, on any file system that Hadoop reaches
 * @param index the index's directory, on a file system that the driver and all executors mount at this path
 * @param add whether to add new pictures to the published generation instead of building anew
 * @param settings the settings
 */
record MergeRequest(String embeddings, Path index, boolean add, MergeSettings settings) {}
