package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.Arrays;
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

    private final Hits pictures;
    private final Hits words;
    private final double[] scanned;

    private RecallCurve(Hits pictures, Hits words, double[] scanned) {
        this.pictures = pictures;
        this.words = words;
        this.scanned = scanned;
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
        Hits pictures = new Hits(nlist);
        Hits words = new Hits(nlist);
        // [p]: vectors compared at nprobe p, but not at p - 1
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
                (isPicture ? pictures : words)
                        .add(neighbourRanks(query, isPicture ? queries.id(query) : -1, nearest, rank));
            }
        }
        pictures.accumulate();
        words.accumulate();
        return new RecallCurve(pictures, words, shares(compared));
    }

    /** The ranks of the lists that hold the K nearest pictures of a query but itself, ascending. */
    private static int[] neighbourRanks(int query, long self, NearestPictures nearest, int[] rank) {
        int[] ranks = new int[K];
        int neighbours = 0;
        for (int place = 0; place < nearest.found(query) && neighbours < K; place++) {
            if (nearest.id(query, place) != self) {
                ranks[neighbours++] = rank[nearest.list(query, place)];
            }
        }
        Arrays.sort(ranks, 0, neighbours);
        return Arrays.copyOf(ranks, neighbours);
    }

    /** What the queries of one kind find, for every nprobe. */
    private static final class Hits {
        /** [p]: neighbours found at nprobe p; before {@link #accumulate} those not found at p - 1. */
        private final double[] found;

        /** [p]: the sum over queries of the square of the neighbours found. */
        private final double[] squares;

        private int queries;
        private long neighbours;

        Hits(int nlist) {
            found = new double[nlist + 1];
            squares = new double[nlist + 1];
        }

        void add(int[] ranks) {
            for (int before = 0; before < ranks.length; before++) {
                found[ranks[before]]++;
                // (n + 1)^2 - n^2
                squares[ranks[before]] += 2 * before + 1;
            }
            queries++;
            neighbours += ranks.length;
        }

        void accumulate() {
            Arrays.parallelPrefix(found, Double::sum);
            Arrays.parallelPrefix(squares, Double::sum);
        }

        /** All of nothing is everything. */
        double recall(int nprobe) {
            return neighbours == 0 ? 1 : found[nprobe] / neighbours;
        }

        /**
         * The standard error of the recall: the standard deviation of the queries' own recalls over the root of their
         * number. Neighbours of one query lie close to each other and are found or missed together, which is why hits are
         * not counted as independent.
         */
        Optional<Double> standardError(int nprobe) {
            if (queries < 2 || neighbours == 0) {
                return Optional.empty();
            }
            double perQuery = (double) neighbours / queries;
            double mean = found[nprobe] / queries;
            double variance = Math.max(0, squares[nprobe] / queries - mean * mean) * queries / (queries - 1);
            return Optional.of(Math.sqrt(variance / queries) / perQuery);
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
        while (nprobe < nlist() && Math.min(pictures.recall(nprobe), words.recall(nprobe)) < target - ROUNDING) {
            nprobe++;
        }
        return nprobe;
    }

    RecallPoint point(int nprobe) {
        boolean hasWords = words.queries > 0;
        return new RecallPoint(
                nprobe,
                scanned[nprobe],
                pictures.recall(nprobe),
                hasWords ? Optional.of(words.recall(nprobe)) : Optional.empty(),
                pictures.standardError(nprobe),
                words.standardError(nprobe));
    }

    private int nlist() {
        return scanned.length - 1;
    }

    /** Points at 1, 2, 3, 4, 6, 8, 12, 16 and so on up to nlist, and at one nprobe more. */
    List<RecallPoint> points(int also) {
        int nlist = nlist();
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
