package org.imagesearch.merge;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.imagesearch.faiss.IvfIndex;

/**
 * From which nprobe on searches find the exact neighbours of queries. Codes lose something, so that a neighbour may be missed
 * though its list is probed: what is found must be searched for, as the server does, refinement included.
 */
final class SearchedNeighbours {
    /** A task's queries at most: shards alone may be fewer than processors. */
    private static final int QUERIES_PER_TASK = 256;

    /** More lists are not tried once two steps together find less than this share of the neighbours. */
    private static final double LEAST_GAIN = 0.0005;

    private final int k;
    private final int[] from;
    private final int largestNprobe;

    private SearchedNeighbours(int k, int[] from, int largestNprobe) {
        this.k = k;
        this.from = from;
        this.largestNprobe = largestNprobe;
    }

    /**
     * The files of one shard.
     *
     * @param refinement path of the refinement store; empty for none
     */
    record Files(String index, String refinement) implements Serializable {
        IvfIndex map() {
            return refinement.isEmpty()
                    ? IvfIndex.map(Path.of(index))
                    : IvfIndex.refined(Path.of(index), Path.of(refinement), true);
        }
    }

    private record Part(Files shard, int fromQuery, int toQuery) implements Serializable {}

    /**
     * Searches all queries in all shards, with more and more lists.
     *
     * @param exact the K + 1 nearest pictures of every query, of which a picture itself is no neighbour
     * @param pictures how many of the queries, the first, are pictures
     */
    static SearchedNeighbours measure(
            JavaSparkContext spark,
            List<Files> shards,
            int nlist,
            VectorBlock queries,
            int pictures,
            NearestPictures exact) {
        int k = exact.k();
        int[] from = new int[queries.size() * k];
        List<Double> shares = new ArrayList<>();
        int largest = 1;
        Broadcast<VectorBlock> shared = spark.broadcast(queries);
        try {
            for (int nprobe : RecallCurve.ladder(nlist)) {
                largest = nprobe;
                NearestPictures found = search(spark, shards, shared, queries.size(), k, nprobe);
                shares.add(update(from, nprobe, queries, pictures, exact, found));
                int last = shares.size() - 1;
                if (last >= 2 && shares.get(last) - shares.get(last - 2) < LEAST_GAIN) {
                    break;
                }
            }
        } finally {
            shared.destroy();
        }
        return new SearchedNeighbours(k, from, largest);
    }

    private static NearestPictures search(
            JavaSparkContext spark, List<Files> shards, Broadcast<VectorBlock> queries, int count, int k, int nprobe) {
        List<Part> parts = new ArrayList<>();
        for (Files shard : shards) {
            for (int begin = 0; begin < count; begin += QUERIES_PER_TASK) {
                parts.add(new Part(shard, begin, Math.min(count, begin + QUERIES_PER_TASK)));
            }
        }
        return spark.parallelize(parts, parts.size())
                .map(part -> searchPart(part, queries.value(), k, nprobe))
                .reduce((left, right) -> {
                    left.merge(right);
                    return left;
                });
    }

    private static NearestPictures searchPart(Part part, VectorBlock queries, int k, int nprobe) {
        NearestPictures found = new NearestPictures(queries.size(), k);
        VectorBlock some = queries.slice(part.fromQuery, part.toQuery);
        long[] ids = new long[some.size() * k];
        float[] scores = new float[ids.length];
        try (IvfIndex shard = part.shard.map()) {
            shard.search(some.exactVectors(), some.size(), k, nprobe, null, ids, scores);
        }
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] >= 0) {
                found.offer(part.fromQuery + i / k, ids[i], scores[i], 0);
            }
        }
        return found;
    }

    /** Returns the share of all neighbours that is found. */
    private static double update(
            int[] from, int nprobe, VectorBlock queries, int pictures, NearestPictures exact, NearestPictures found) {
        long neighbours = 0;
        long hits = 0;
        for (int query = 0; query < queries.size(); query++) {
            long self = query < pictures ? queries.id(query) : -1;
            for (int place = 0; place < exact.found(query); place++) {
                int at = query * exact.k() + place;
                boolean hit = isAmongBest(exact.id(query, place), self, query, found);
                // Found once and pushed out by further lists is not found.
                from[at] = hit ? (from[at] == 0 ? nprobe : from[at]) : 0;
                neighbours++;
                hits += hit ? 1 : 0;
            }
        }
        return neighbours == 0 ? 1 : (double) hits / neighbours;
    }

    /** Whether an id is among the K best hits but the query itself. */
    private static boolean isAmongBest(long id, long self, int query, NearestPictures found) {
        int others = 0;
        for (int place = 0; place < found.found(query) && others < RecallCurve.K; place++) {
            long hit = found.id(query, place);
            if (hit == id) {
                return true;
            }
            others += hit == self ? 0 : 1;
        }
        return false;
    }

    /** The least nprobe from which on a neighbour is found; 0 if it is not found at the largest. */
    int foundFrom(int query, int place) {
        return from[query * k + place];
    }

    /** The largest nprobe that was searched with. */
    int largestNprobe() {
        return largestNprobe;
    }
}
