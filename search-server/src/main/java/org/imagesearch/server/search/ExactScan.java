package org.imagesearch.server.search;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.imagesearch.server.index.BestHits;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * Compares a query with every vector of every shard, a piece after the other, each of a length that is much the same. "Exact" is meant
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
     * @param deadline of the pieces
     * @return best first; empty if {@code pace} ended it
     * @throws RequestException (unavailable, deadline exceeded) if a shard does not answer
     */
    static Optional<List<Found>> best(
            Generation generation, float[] query, int k, double least, Deadline deadline, Pace pace) {
        int nlist = generation.manifest().nlist();
        long[] lists = new long[nlist];
        float[] coarseScores = new float[nlist];
        // The nearest lists come first, so that the bound on what is of use is high early.
        generation.centroids().assign(query, 1, nlist, lists, coarseScores);
        long total = generation.shards().stream()
                .mapToLong(shard -> vectors(generation, shard))
                .sum();
        long before = 0;
        BestHits best = new BestHits(k, least);
        for (int shard : generation.shards()) {
            long vectors = vectors(generation, shard);
            int step = (int) Math.max(1, Math.min(nlist, PIECE_VECTORS * nlist / Math.max(1, vectors)));
            for (int from = 0; from < nlist; from += step) {
                int to = Math.min(nlist, from + step);
                Probe piece = new Probe(
                        query,
                        k,
                        best.bound(),
                        Arrays.copyOfRange(lists, from, to),
                        Arrays.copyOfRange(coarseScores, from, to));
                best.add(scanned(generation.scanQuietly(shard, piece, deadline)));
                long done = before + vectors * to / nlist;
                if (done < total && !pace.goOn(done, total)) {
                    return Optional.empty();
                }
            }
            before += vectors;
        }
        return Optional.of(best.sorted());
    }

    private static long vectors(Generation generation, int shard) {
        return generation.manifest().shards().get(shard).count();
    }

    private static ShardHits scanned(ShardHits answer) {
        if (answer.problem() == null) {
            return answer;
        }
        throw RequestException.of(
                answer.problem().equals(ShardHits.DEADLINE) ? Problem.DEADLINE_EXCEEDED : Problem.UNAVAILABLE,
                "shard %d could not be compared as a whole: %s",
                answer.shard(),
                answer.problem());
    }
}
