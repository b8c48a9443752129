package org.imagesearch.faiss;

import java.util.Arrays;
import java.util.List;

/**
 * The lists that a search reads which is limited to some vectors. Lists without one of them are passed over. Where there are few, the
 * nearest lists have few of them, and the best ones are farther away than the best of all: so more lists are read, until these have as
 * many as it takes.
 *
 * @param lists nearest first
 * @param coarseScores as many
 */
public record FilteredLists(long[] lists, float[] coarseScores) {
    /**
     * Chooses them: of the nearest nprobe lists all that have a match, and of those behind them as many as it takes for k matches, and
     * for {@link #wanted as many} as keep the recall up; or for all matches there are.
     *
     * @param query float[dimension]
     * @param k hits wanted of every index
     * @param nprobe lists that a search without a filter would read
     * @param centroids an index with the centroids
     * @param indexes that are searched as one, each with a match
     * @param matches of each index
     */
    public static FilteredLists choose(
            float[] query,
            int k,
            int nprobe,
            IvfIndex centroids,
            List<IvfIndex> indexes,
            List<MatchingVectors> matches) {
        int nlist = centroids.nlist();
        Arguments.requireRange("nprobe", nprobe, 1, nlist);
        Arguments.requireLength("matches", matches.size(), indexes.size());
        long[] ranked = new long[nlist];
        float[] scores = new float[nlist];
        centroids.assign(query, 1, nlist, ranked, scores);
        int read = nprobe;
        for (int i = 0; i < indexes.size(); i++) {
            long wanted = Math.max(k, wanted(matches.get(i), indexes.get(i), ranked, nprobe));
            read = Math.max(read, listsWith(wanted, matches.get(i), ranked));
        }
        long[] lists = new long[read];
        float[] coarseScores = new float[read];
        int count = 0;
        for (int rank = 0; rank < read; rank++) {
            long list = ranked[rank];
            if (matches.stream().anyMatch(of -> of.in(list) > 0)) {
                lists[count] = list;
                coarseScores[count++] = scores[rank];
            }
        }
        return new FilteredLists(Arrays.copyOf(lists, count), Arrays.copyOf(coarseScores, count));
    }

    /**
     * Of a filter that lets a share s through, s^1/2 of the vectors in the nearest nprobe lists. So a filter that has nothing to do
     * with the query has s^-1/2 times the lists read, which was measured to keep recall up (docs/BENCHMARKS.md, filters), and one whose
     * matches keep away from the query more.
     */
    private static long wanted(MatchingVectors matches, IvfIndex index, long[] ranked, int nprobe) {
        long nearest = 0;
        for (int rank = 0; rank < nprobe; rank++) {
            nearest += index.listSize((int) ranked[rank]);
        }
        return (long) Math.ceil(nearest
                * Math.pow(
                        (double) matches.count() / index.size(),
                        Double.parseDouble(System.getenv().getOrDefault("AL", "0.5"))));
    }

    /** The number of nearest lists that have so many matches, or all of them. */
    private static int listsWith(long wanted, MatchingVectors matches, long[] ranked) {
        long left = Math.min(wanted, matches.count());
        int rank = 0;
        while (left > 0) {
            left -= matches.in(ranked[rank++]);
        }
        return rank;
    }
}
