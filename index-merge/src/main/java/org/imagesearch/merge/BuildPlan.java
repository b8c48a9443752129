package org.imagesearch.merge;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.core.index.IndexLayout;

/**
 * What tasks must know to write shards.
 *
 * @param staging the directory of the generation while it is written
 * @param input the dataset
 * @param nlist inverted lists
 * @param firstShard number of the first shard to write
 * @param shards shards to write
 * @param publishedRows row stores whose pictures are in the index already and not to be written again
 * @param down ids that are taken down and not to be written, ascending
 */
@SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
record BuildPlan(
        String staging,
        InputFormat input,
        int nlist,
        int firstShard,
        int shards,
        List<String> publishedRows,
        long[] down)
        implements Serializable {

    Path stagingPath() {
        return Path.of(staging);
    }

    Path centroids() {
        return stagingPath().resolve(IndexLayout.CENTROIDS);
    }

    /** The shard that takes a picture. */
    int shardOf(long id) {
        return firstShard + Hashing.shard(id, shards);
    }
}
