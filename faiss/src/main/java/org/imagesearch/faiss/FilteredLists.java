package org.imagesearch.faiss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;

/**
 * The lists that a search reads which is limited to some vectors. Lists without one of them are passed over. Where there are few, the
 * nearest lists have few of them, and the best ones are farther away than the best of all: so more lists are read, until these have as
 * many as it takes.
 *
 * @param lists long[nprobe]
 * @param coarseScores float[nprobe]
 */
public record FilteredLists(long[] lists, float[] coarseScores) {
    /** Lists are found in a few steps, each so much more than the one before seems to need. */
    private static final double TO_SPARE = 1.25;

    /** Measured: a smaller one costs filters that let a hundredth through twice the time, a larger one recall (docs/BENCHMARKS.md). */
    private static final double EXPONENT = 0.4;

    /**
     * Chooses them: of the nearest lists those that have a match, and of those behind them as many as it takes for k matches, and
     * for as many as keep the recall up; or for all matches there are.
     *
     * @param query float[dimension]
     * @param k hits wanted of every index
     * @param nearest what a search without a filter would read, nearest first, as {@link IvfIndex#assign} gives it
     * @param centroids an index with the centroids
     * @param indexes that are searched as one, each with a match
     * @param matches of each index
     */
    public static FilteredLists choose(
            float[] query,
            int k,
            FilteredLists nearest,
            IvfIndex centroids,
            List<IvfIndex> indexes,
            List<MatchingVectors> matches) {
        Arguments.requireLength("matches", matches.size(), indexes.size());
        List<Need> needs = new ArrayList<>();
        for (int i = 0; i < indexes.size(); i++) {
            needs.add(Need.of(k, nearest.lists, indexes.get(i), matches.get(i)));
        }
        LongPredicate hasMatch = list -> list >= 0 && matches.stream().anyMatch(of -> of.in(list) > 0);
        if (needs.stream().allMatch(Need::isForAll)) {
            long[] all = LongStream.range(0, centroids.nlist()).filter(hasMatch).toArray();
            return new FilteredLists(all, centroids.coarseScores(query, all));
        }
        FilteredLists ranked = nearest;
        double missing = missing(needs, ranked.lists);
        while (missing > 1 && ranked.lists.length < centroids.nlist()) {
            ranked = nearest(
                    query, centroids, (int) Math.min(centroids.nlist(), ranked.lists.length * missing * TO_SPARE + 1));
            missing = missing(needs, ranked.lists);
        }
        return ranked.first(Math.max(nearest.lists.length, length(needs, ranked.lists)), hasMatch);
    }

    private static FilteredLists nearest(float[] query, IvfIndex centroids, int count) {
        long[] lists = new long[count];
        float[] scores = new float[count];
        centroids.assign(query, 1, count, lists, scores);
        return new FilteredLists(lists, scores);
    }

    /** How many times as many lists are needed, by what these have; at least 1. */
    private static double missing(List<Need> needs, long[] lists) {
        double most = 1;
        for (Need need : needs) {
            long found = LongStream.of(lists).map(need::in).sum();
            most = Math.max(most, (double) need.wanted / Math.max(1, found));
        }
        return most;
    }

    /** How many of the lists satisfy every need, or all of them. */
    private static int length(List<Need> needs, long[] lists) {
        int longest = 0;
        for (Need need : needs) {
            long left = need.wanted;
            int length = 0;
            while (left > 0 && length < lists.length) {
                left -= need.in(lists[length++]);
            }
            longest = Math.max(longest, length);
        }
        return longest;
    }

    private FilteredLists first(int count, LongPredicate kept) {
        long[] some = new long[count];
        float[] scores = new float[count];
        int size = 0;
        for (int i = 0; i < count; i++) {
            if (kept.test(lists[i])) {
                some[size] = lists[i];
                scores[size++] = coarseScores[i];
            }
        }
        return new FilteredLists(Arrays.copyOf(some, size), Arrays.copyOf(scores, size));
    }

    /** How many matches of an index must be in the lists. */
    private record Need(MatchingVectors matches, long wanted) {
        /**
         * At least k; and of a filter that lets a share s through, s^0.4 of the vectors in the nearest lists. So a filter that has
         * nothing to do with the query has s^-0.6 times as many lists read, which keeps the recall up, and one whose matches keep
         * away from the query more.
         */
        static Need of(int k, long[] nearest, IvfIndex index, MatchingVectors matches) {
            double share = (double) matches.count() / Math.max(1, index.size());
            long wanted = Math.max(k, (long) Math.ceil(index.vectorsIn(nearest) * Math.pow(share, EXPONENT)));
            // Where all are wanted, their lists need not be ranked, which costs more than to read twice as many of so
            // few.
            boolean all = wanted >= matches.count() / 2 && matches.count() < index.size() / 2;
            return new Need(matches, all ? matches.count() : Math.min(matches.count(), wanted));
        }

        boolean isForAll() {
            return wanted == matches.count();
        }

        long in(long list) {
            return list < 0 ? 0 : matches.in(list);
        }
    }
}
