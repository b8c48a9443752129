package org.imagesearch.server.search;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.Shard;

/**
 * Compares a query with every vector of every shard, on the calling thread, in pieces of bounded length. "Exact" is meant
 * against the vectors as the index stores them.
 */
final class ExactScan {
    /** Flat vectors of 512 floats: 256 MB, some 20 to 100 ms. */
    private static final long PIECE_VECTORS = 1 << 17;

    private ExactScan() {}

    /** Asked between two pieces. */
    interface Pace {
        /**
         * @param done vectors compared so far
         * @param total vectors in all shards
         * @return whether to go on
         */
        boolean goOn(long done, long total);
    }

    /**
     * The best pictures that are not taken down.
     *
     * @param generation stays retained by the caller
     * @param query float[dimension], of unit length
     * @param least hits below it are left out
     * @return best first; empty if {@code pace} ended it
     */
    static Optional<List<Found>> best(Generation generation, float[] query, int k, double least, Pace pace) {
        int nlist = generation.centroids().nlist();
        long[] lists = new long[nlist];
        float[] coarseScores = new float[nlist];
        // The nearest lists come first, so that the bound on what is of use is high early.
        generation.centroids().assign(query, 1, nlist, lists, coarseScores);
        long total = generation.shards().stream()
                .mapToLong(shard -> shard.vectors().size())
                .sum();
        long done = 0;
        BestHits best = new BestHits(k, least);
        for (Shard shard : generation.shards()) {
            int from = 0;
            while (from < nlist) {
                int to = from;
                long vectors = 0;
                while (to < nlist && vectors < PIECE_VECTORS) {
                    vectors += shard.vectors().listSize((int) lists[to]);
                    to++;
                }
                scan(
                        generation,
                        shard,
                        query,
                        k,
                        Arrays.copyOfRange(lists, from, to),
                        Arrays.copyOfRange(coarseScores, from, to),
                        best);
                done += vectors;
                from = to;
                if (done < total && !pace.goOn(done, total)) {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(best.sorted());
    }

    private static void scan(
            Generation generation,
            Shard shard,
            float[] query,
            int k,
            long[] lists,
            float[] coarseScores,
            BestHits best) {
        long[] ids = new long[k];
        float[] scores = new float[k];
        IvfIndex vectors = shard.vectors();
        vectors.searchPreassigned(
                query,
                1,
                k,
                lists,
                coarseScores,
                lists.length,
                generation.filter(shard),
                new float[] {best.bound()},
                ids,
                scores);
        best.add(shard, ids, scores);
    }
}
