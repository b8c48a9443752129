package org.imagesearch.faiss;

import java.util.List;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;

/**
 * Indexes of the same centroids that are searched as one, on the calling thread: list by list through all of them, so that what one
 * holds spares work in the others. The indexes stay the caller's. Thread-safe as they are.
 */
public final class IvfShards {
    private final List<IvfIndex> shards;

    /** @param shards at least one; either all are refined or none */
    public IvfShards(List<IvfIndex> shards) {
        Arguments.requireRange("shards", shards.size(), 1, Integer.MAX_VALUE);
        IvfIndex first = shards.get(0);
        for (IvfIndex shard : shards) {
            Arguments.requireRange("dimension", shard.dimension(), first.dimension(), first.dimension());
            Arguments.requireRange("nlist", shard.nlist(), first.nlist(), first.nlist());
            if (shard.isRefined() != first.isRefined()) {
                throw ImageSearchException.input("some of the shards are refined, others are not");
            }
        }
        this.shards = List.copyOf(shards);
    }

    /**
     * Finds the best of all shards in given lists: what one index of all their vectors would find. Of refined shards, each compares
     * as many codes again as it would alone.
     *
     * @param query float[dimension]
     * @param k hits wanted
     * @param lists long[nprobe], as {@link IvfIndex#assign} gives them; -1 skips a place
     * @param coarseScores float[nprobe], as {@link IvfIndex#assign} gives them; with others, screened shards find something else
     * @param filters of each shard the ids to keep, or null for all
     * @param bound hits with a lower score are of no use, and need not be found
     * @param ids out, long[k], best first, the smaller id first among equal scores; -1 where there are fewer
     * @param shardOf out, int[k], the place of the shard that a hit is from; -1 where there is none
     * @param scores out, float[k], inner products
     */
    public void search(
            float[] query,
            int k,
            long[] lists,
            float[] coarseScores,
            IdFilter[] filters,
            float bound,
            long[] ids,
            int[] shardOf,
            float[] scores) {
        IvfIndex first = shards.get(0);
        first.requireSearch(query, 1, k, lists.length, ids, scores);
        first.requireProbes(lists, coarseScores, lists.length);
        Arguments.requireLength("filters", filters.length, shards.size());
        Arguments.requireLength("shards of hits", shardOf.length, k);
        Addresses all = new Addresses(shards.size(), first.isRefined());
        collect(0, filters, all, () -> {
            try {
                FaissCalls.searchShards(
                        all.indexes,
                        all.selectors,
                        all.stores,
                        all.candidatesPerHit,
                        shards.size(),
                        query,
                        k,
                        bound,
                        lists,
                        coarseScores,
                        lists.length,
                        ids,
                        scores,
                        shardOf);
            } catch (RuntimeException e) {
                throw new ImageSearchException(ErrorCode.INTERNAL, "Faiss: " + IvfIndex.text(e), e);
            }
        });
    }

    /** Runs the call while nothing that it reads can be closed. Always in the order of the shards, so that no two wait for each other. */
    private void collect(int place, IdFilter[] filters, Addresses all, Runnable call) {
        if (place == shards.size()) {
            call.run();
            return;
        }
        shards.get(place).during((address, store, candidatesPerHit) -> {
            all.indexes[place] = address;
            if (all.stores != null) {
                all.stores[place] = store;
                all.candidatesPerHit[place] = candidatesPerHit;
            }
            if (filters[place] == null) {
                collect(place + 1, filters, all, call);
                return;
            }
            filters[place].handle().read(selector -> {
                all.selectors[place] = selector;
                collect(place + 1, filters, all, call);
                return null;
            });
        });
    }

    /** What the native side is given: a place per shard. */
    private static final class Addresses {
        private final long[] indexes;
        private final long[] selectors;
        private final long[] stores;
        private final long[] candidatesPerHit;

        Addresses(int count, boolean refined) {
            indexes = new long[count];
            selectors = new long[count];
            stores = refined ? new long[count] : null;
            candidatesPerHit = refined ? new long[count] : null;
        }
    }
}
