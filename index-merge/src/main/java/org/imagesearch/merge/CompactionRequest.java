package org.imagesearch.merge;

import java.nio.file.Path;
import java.util.OptionalInt;

/**
 * What to compact.
 *
 * @param index the index's directory, on a file system that the driver and all executors mount at this path
 * @param shards how many shards there shall be; empty: as few as hold {@code picturesPerShard} each
 * @param picturesPerShard pictures in a shard at most, where {@code shards} is empty
 */
record CompactionRequest(Path index, OptionalInt shards, long picturesPerShard) {}
