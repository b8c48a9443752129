package org.imagesearch.merge;

import java.util.Optional;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.faiss.RefinementFile;

/**
 * Settings of the merge job, {@code merge.conf}.
 *
 * @param shards shards to build; 0 takes as many as {@code picturesPerShard} asks for
 * @param picturesPerShard pictures in a shard at most, where {@code shards} is 0
 * @param nlist inverted lists; 0 chooses by the number of pictures
 * @param factory a Faiss factory string, see {@link IndexFactory}; empty for {@code IVF,Flat}, or with {@code --add} for the
 *     published index's
 * @param candidatesPerHit codes that a search compares again with the refinement store, for each hit; 0 chooses by the codec
 * @param targetRecall recall@10 that the default nprobe must reach, above 0 and up to 1
 * @param seed of the sample and of k-means
 * @param batch rows that a task holds and assigns at once
 * @param split bytes of Parquet that one reading task takes
 * @param build how shards are written
 * @param training how the centroids are trained
 * @param measuring how recall is measured
 */
record MergeSettings(
        int shards,
        long picturesPerShard,
        int nlist,
        String factory,
        int candidatesPerHit,
        double targetRecall,
        int seed,
        int batch,
        Bytes split,
        Build build,
        Training training,
        Measuring measuring) {

    /** @param memory of a task that writes a shard at most, beside the centroids */
    record Build(Bytes memory) {
        private static final long LEAST = 64 << 10;

        Build {
            if (memory.count() < LEAST) {
                throw ImageSearchException.input(
                        "setting merge.build.memory is %d bytes, expected %d or more", memory.count(), LEAST);
            }
        }
    }

    /**
     * @param pointsPerCentroid training vectors per centroid at most
     * @param iterations of k-means
     * @param memory of the training vectors on the driver at most
     */
    record Training(int pointsPerCentroid, int iterations, Bytes memory) {
        Training {
            requirePositive("training.points-per-centroid", pointsPerCentroid);
            requirePositive("training.iterations", iterations);
            requirePositive("training.memory", memory.count());
        }
    }

    /**
     * @param pictures held-out pictures used as queries at most
     * @param words captions used as queries at most
     */
    record Measuring(int pictures, int words) {
        Measuring {
            requirePositive("measuring.pictures", pictures);
            if (words < 0) {
                throw ImageSearchException.input("setting merge.measuring.words is %d, expected 0 or more", words);
            }
        }
    }

    /** Scalar quantizers put the nearest pictures in nearly the right order. */
    private static final int SCALAR_CANDIDATES_PER_HIT = 4;

    private static final int PRODUCT_CANDIDATES_PER_HIT = 16;

    /**
     * @throws ImageSearchException (input) naming the setting that is out of range, or if {@code nlist} and {@code factory}
     *     contradict each other
     */
    MergeSettings {
        if (shards < 0 || shards > 100_000) {
            throw ImageSearchException.input("setting merge.shards is %d, expected 0 to 100000", shards);
        }
        if (nlist < 0 || nlist > 1 << 22) {
            throw ImageSearchException.input("setting merge.nlist is %d, expected 0 to %d", nlist, 1 << 22);
        }
        if (!factory.isEmpty()) {
            int named = IndexFactory.parse(factory).nlist().orElse(0);
            if (named != 0 && nlist != 0 && named != nlist) {
                throw ImageSearchException.input(
                        "settings merge.nlist = %d and merge.factory = %s contradict each other", nlist, factory);
            }
            nlist = Math.max(nlist, named);
        }
        if (candidatesPerHit < 0 || candidatesPerHit > RefinementFile.MAX_CANDIDATES_PER_HIT) {
            throw ImageSearchException.input(
                    "setting merge.candidates-per-hit is %d, expected 0 to %d",
                    candidatesPerHit, RefinementFile.MAX_CANDIDATES_PER_HIT);
        }
        if (!(targetRecall > 0 && targetRecall <= 1)) {
            throw ImageSearchException.input(
                    "setting merge.target-recall is %s, expected more than 0 and at most 1", targetRecall);
        }
        requirePositive("pictures-per-shard", picturesPerShard);
        requirePositive("batch", batch);
        requirePositive("split", split.count());
    }

    /** What the factory setting says, if it says something. */
    Optional<IndexFactory> wanted() {
        return factory.isEmpty() ? Optional.empty() : Optional.of(IndexFactory.parse(factory));
    }

    /** Codes of this kind that a search compares again for each hit. */
    int candidatesPerHit(VectorCodec codec) {
        if (candidatesPerHit > 0) {
            return candidatesPerHit;
        }
        return codec.kind() == VectorCodec.Kind.PRODUCT ? PRODUCT_CANDIDATES_PER_HIT : SCALAR_CANDIDATES_PER_HIT;
    }

    private static void requirePositive(String name, long value) {
        if (value <= 0) {
            throw ImageSearchException.input("setting merge.%s is %d, expected more than 0", name, value);
        }
    }
}
