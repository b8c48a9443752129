package org.imagesearch.merge;

import java.util.Optional;
import org.imagesearch.core.index.IndexManifest;

/**
 * What a compaction did.
 *
 * @param manifest the published generation; empty if there was nothing to do
 * @param written shards that were made anew; the others were linked
 * @param removed taken-down pictures that were left out
 */
record CompactionSummary(Optional<IndexManifest> manifest, int written, long removed) {}
