package org.imagesearch.server.index;

import java.time.Duration;

/**
 * How an index is opened and followed.
 *
 * @param shards shards to serve, {@code 0-3,7}; empty for all
 * @param map whether shards are mapped, so that they may be larger than memory, or read into memory
 * @param verify whether the checksum of every file is compared first, which reads the whole index once
 * @param poll time between two looks at {@code CURRENT}
 */
public record IndexSettings(String shards, boolean map, boolean verify, Duration poll) {}
