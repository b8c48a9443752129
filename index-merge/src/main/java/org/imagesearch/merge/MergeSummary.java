package org.imagesearch.merge;

import java.util.Optional;
import org.imagesearch.core.index.IndexManifest;

/**
 * What a merge did.
 *
 * @param manifest the published generation; empty if there was nothing to add
 * @param added pictures that this run wrote
 */
record MergeSummary(Optional<IndexManifest> manifest, long added) {}
