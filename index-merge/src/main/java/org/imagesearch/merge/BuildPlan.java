package org.imagesearch.merge;

import java.io.Serializable;
import java.nio.file.Path;
import org.imagesearch.core.index.IndexLayout;

/**
 * What tasks must know to write shards.
 *
 * @param staging the directory of the generation while it is written
 * @param input the dataset
 * @param nlist inverted lists
 * @param firstShard number of the first shard to write
 * @param excluded pictures that are not to be written
 * @param memory bytes that a task may hold, see {@link BuildMemory}
 */
record BuildPlan(String staging, InputFormat input, int nlist, int firstShard, Exclusions excluded, long memory)
        implements Serializable {

    Path stagingPath() {
        return Path.of(staging);
    }

    Path centroids() {
        return stagingPath().resolve(IndexLayout.CENTROIDS);
    }
}
