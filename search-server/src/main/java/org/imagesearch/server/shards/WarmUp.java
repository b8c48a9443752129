package org.imagesearch.server.shards;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.query.Deadline;

/**
 * Queries that a generation answers before it takes the place of another: what they touch is in memory then, and mapped into this
 * process, so that the first queries of people take no longer than those before. They run on the calling thread alone.
 */
final class WarmUp {
    /** They reach a list each and those around it. */
    private static final int QUERIES = 100;

    private static final int K = 20;

    /** From a slow disk; then what is warm must do. */
    private static final Duration MOST = Duration.ofSeconds(10);

    private WarmUp() {}

    /** Asks for pictures that the generation has, evenly over its lists, and for their rows. */
    static void of(LocalGeneration generation) {
        Deadline deadline = Deadline.in(MOST);
        List<Shard> shards = generation.openShards();
        int nlist = generation.centroids().nlist();
        for (int query = 0; query < QUERIES && !deadline.hasPassed(); query++) {
            Shard shard = shards.get(query % shards.size());
            int list = (int) ((long) query * nlist / QUERIES);
            if (shard.vectors().listSize(list) > 0) {
                search(generation, shard.vectors().listVectors(list, 0, 1), deadline);
            }
        }
    }

    private static void search(LocalGeneration generation, float[] vector, Deadline deadline) {
        IvfIndex centroids = generation.centroids();
        int nprobe = Math.min(generation.manifest().defaultNprobe(), centroids.nlist());
        long[] lists = new long[nprobe];
        float[] scores = new float[nprobe];
        centroids.assign(vector, 1, nprobe, lists, scores);
        Probe probe = new Probe(vector, K, Double.NEGATIVE_INFINITY, lists, scores);
        List<Found> found = new ArrayList<>();
        for (Shard shard : generation.openShards()) {
            ShardHits hits = generation.scanQuietly(shard.number(), probe, deadline);
            for (int i = 0; i < hits.ids().length; i++) {
                found.add(new Found(hits.shard(), hits.ids()[i], hits.scores()[i]));
            }
        }
        found.sort(Found.BEST_FIRST);
        generation.pictures(found.subList(0, Math.min(K, found.size())), false, deadline);
    }
}
