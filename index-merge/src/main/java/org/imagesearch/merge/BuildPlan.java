package org.imagesearch.merge;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.Optional;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.faiss.RefinementFile;

/**
 * What tasks must know to write shards.
 *
 * @param staging the directory of the generation while it is written
 * @param input the dataset
 * @param factory what the shards hold, see {@link IndexFactory}
 * @param candidatesPerHit codes that a search compares again with the refinement store, if the factory asks for one
 * @param firstShard number of the first shard to write
 * @param excluded pictures that are not to be written
 * @param memory bytes that a task may hold, see {@link BuildMemory}
 */
record BuildPlan(
        String staging,
        InputFormat input,
        String factory,
        int candidatesPerHit,
        int firstShard,
        Exclusions excluded,
        long memory)
        implements Serializable {

    Path stagingPath() {
        return Path.of(staging);
    }

    Path centroids() {
        return stagingPath().resolve(IndexLayout.CENTROIDS);
    }

    int nlist() {
        return IndexFactory.parse(factory).nlist().orElseThrow();
    }

    /** The layout of the shards' refinement stores, without vectors; empty if they have none. */
    Optional<RefinementFile> refinement() {
        return IndexFactory.parse(factory)
                .refinement()
                .map(codec -> new RefinementFile(codec, input.dimension(), candidatesPerHit, 0));
    }
}
