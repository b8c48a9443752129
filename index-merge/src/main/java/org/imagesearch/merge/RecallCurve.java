package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.faiss.IvfIndex;

/**
 * Recall@{@value #K} by nprobe.
 *
 * <p>An IVFFlat index compares exactly within the lists it probes. So an exact neighbour is among the hits of a query at some
 * nprobe if and only if its list is among the query's nprobe nearest ones: the rank of that list gives the recall for every
 * nprobe at once, without searching again.
 */
final class RecallCurve {
    static final int K = 10;

    /** Bounds the memory of ranking all lists for a batch of queries. */
    private static final int RANKS_AT_ONCE = 4 << 20;

    private static final double ROUNDING = 1e-9;

    private final double[] pictures;
    private final double[] words;
    private final double[] scanned;
    private final boolean hasWords;

    private RecallCurve(double[] pictures, double[] words, double[] scanned, boolean hasWords) {
        this.pictures = pictures;
        this.words = words;
        this.scanned = scanned;
        this.hasWords = hasWords;
    }

    /**
     * @param centroids the trained index
     * @param queries pictures first, then words
     * @param pictureCount how many of the queries are pictures; a picture is no neighbour of itself
     * @param nearest the K + 1 exact nearest pictures of every query
     * @param listSizes vectors per inverted list, all shards together
     */
    static RecallCurve compute(
            IvfIndex centroids, VectorBlock queries, int pictureCount, NearestPictures nearest, long[] listSizes) {
        int nlist = listSizes.length;
        // [p]: neighbours found, vectors compared at nprobe p, but not at p - 1
        double[] pictureHits = new double[nlist + 1];
        double[] wordHits = new double[nlist + 1];
        double[] compared = new double[nlist + 1];
        int batch = Math.max(1, Math.min(queries.size(), RANKS_AT_ONCE / nlist));
        int[] rank = new int[nlist];
        for (int from = 0; from < queries.size(); from += batch) {
            VectorBlock part = queries.slice(from, Math.min(queries.size(), from + batch));
            long[] lists = new long[part.size() * nlist];
            centroids.assign(part.exactVectors(), part.size(), nlist, lists, new float[lists.length]);
            for (int i = 0; i < part.size(); i++) {
                for (int place = 0; place < nlist; place++) {
                    int list = Math.toIntExact(lists[i * nlist + place]);
                    rank[list] = place + 1;
                    compared[place + 1] += listSizes[list];
                }
                int query = from + i;
                boolean isPicture = query < pictureCount;
                count(query, isPicture ? queries.id(query) : -1, nearest, rank, isPicture ? pictureHits : wordHits);
            }
        }
        return new RecallCurve(shares(pictureHits), shares(wordHits), shares(compared), queries.size() > pictureCount);
    }

    private static void count(int query, long self, NearestPictures nearest, int[] rank, double[] hits) {
        int neighbours = 0;
        for (int place = 0; place < nearest.found(query) && neighbours < K; place++) {
            if (nearest.id(query, place) != self) {
                hits[rank[nearest.list(query, place)]]++;
                neighbours++;
            }
        }
    }

    /** Running sums as shares of the total; all of nothing is everything. */
    private static double[] shares(double[] steps) {
        double total = 0;
        for (double step : steps) {
            total += step;
        }
        double[] shares = new double[steps.length];
        double sum = 0;
        for (int i = 0; i < steps.length; i++) {
            sum += steps[i];
            shares[i] = total == 0 ? 1 : sum / total;
        }
        return shares;
    }

    /** The least nprobe whose recall, of pictures and of words, is at least the target. */
    int leastNprobe(double target) {
        int nprobe = 1;
        while (nprobe < pictures.length - 1
                && Math.min(pictures[nprobe], hasWords ? words[nprobe] : 1) < target - ROUNDING) {
            nprobe++;
        }
        return nprobe;
    }

    RecallPoint point(int nprobe) {
        return new RecallPoint(
                nprobe, scanned[nprobe], pictures[nprobe], hasWords ? Optional.of(words[nprobe]) : Optional.empty());
    }

    /** Points at 1, 2, 3, 4, 6, 8, 12, 16 and so on up to nlist, and at one nprobe more. */
    List<RecallPoint> points(int also) {
        int nlist = pictures.length - 1;
        TreeSet<Integer> nprobes = new TreeSet<>(List.of(1, also, nlist));
        for (long nprobe = 2; nprobe < nlist; nprobe *= 2) {
            nprobes.add((int) nprobe);
            if (nprobe + nprobe / 2 < nlist) {
                nprobes.add((int) (nprobe + nprobe / 2));
            }
        }
        List<RecallPoint> points = new ArrayList<>();
        nprobes.forEach(nprobe -> points.add(point(nprobe)));
        return points;
    }
}
