package org.imagesearch.benchmarks;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import org.imagesearch.faiss.FilteredLists;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.IvfShards;
import org.imagesearch.faiss.MatchingVectors;

/** One filter over one index, searched in both ways. */
final class FilterCase implements AutoCloseable {
    private final IvfIndex index;
    private final IvfShards shards;
    private final float[] queries;
    private final int k;
    private final int nprobe;
    private final MatchingVectors matches;
    private final BitSet members = new BitSet();
    private final long[] exact;
    private final long[] ours;
    private final long[] theirs;

    /** @param ids that match, ascending, of an index with the ids 0 to size - 1 */
    FilterCase(IvfIndex index, float[] queries, int k, int nprobe, long[] ids) {
        this.index = index;
        this.shards = new IvfShards(List.of(index));
        this.queries = queries;
        this.k = k;
        this.nprobe = nprobe;
        int[] listOf = new int[Math.toIntExact(index.size())];
        for (int list = 0; list < index.nlist(); list++) {
            for (long id : index.listIds(list)) {
                listOf[(int) id] = list;
            }
        }
        for (long id : ids) {
            members.set((int) id);
        }
        int[] lists = Arrays.stream(ids).mapToInt(id -> listOf[(int) id]).toArray();
        this.matches = new MatchingVectors(ids, lists, index.nlist(), ids.length == index.size());
        this.ours = new long[queryCount() * k];
        this.theirs = new long[ours.length];
        this.exact = new long[ours.length];
        index.search(queries, queryCount(), k, index.nlist(), matches.ids(), exact, new float[exact.length]);
    }

    private int queryCount() {
        return queries.length / index.dimension();
    }

    private float[] query(int i) {
        return Arrays.copyOfRange(queries, i * index.dimension(), (i + 1) * index.dimension());
    }

    /** Seconds of our searches. */
    double ours() {
        long begin = System.nanoTime();
        long[] ids = new long[k];
        for (int i = 0; i < queryCount(); i++) {
            float[] query = query(i);
            long[] lists = new long[nprobe];
            float[] coarseScores = new float[nprobe];
            index.assign(query, 1, nprobe, lists, coarseScores);
            FilteredLists chosen = FilteredLists.choose(
                    query, k, new FilteredLists(lists, coarseScores), index, List.of(index), List.of(matches));
            shards.search(
                    query,
                    k,
                    chosen.lists(),
                    chosen.coarseScores(),
                    new IdFilter[] {matches.ids()},
                    -Float.MAX_VALUE,
                    ids,
                    new int[k],
                    new float[k]);
            System.arraycopy(ids, 0, ours, i * k, k);
        }
        return SideBySide.secondsSince(begin);
    }

    /** Seconds of searches for so many hits that k of them should match, and for twice as many while they do not. */
    double theirs() {
        long begin = System.nanoTime();
        for (int i = 0; i < queryCount(); i++) {
            float[] query = query(i);
            int found = 0;
            long most = Math.min(index.size(), 1 << 20);
            long wanted = Math.min(most, (long) Math.ceil(1.5 * k * index.size() / matches.count()));
            while (true) {
                long[] ids = new long[(int) wanted];
                index.search(query, 1, (int) wanted, nprobe, null, ids, new float[(int) wanted]);
                found = 0;
                for (int hit = 0; hit < wanted && ids[hit] >= 0 && found < k; hit++) {
                    if (members.get((int) ids[hit])) {
                        theirs[i * k + found++] = ids[hit];
                    }
                }
                // The probed lists have no more hits than that.
                if (found == k || ids[(int) wanted - 1] < 0 || wanted == most) {
                    break;
                }
                wanted = Math.min(most, 2 * wanted);
            }
            Arrays.fill(theirs, i * k + found, (i + 1) * k, -1);
        }
        return SideBySide.secondsSince(begin);
    }

    double ourRecall() {
        return recall(ours);
    }

    double theirRecall() {
        return recall(theirs);
    }

    private double recall(long[] found) {
        long same = 0;
        for (int i = 0; i < queryCount(); i++) {
            long[] truth = row(exact, i);
            for (long id : row(found, i)) {
                if (id >= 0 && Arrays.stream(truth).anyMatch(one -> one == id)) {
                    same++;
                }
            }
        }
        return (double) same / count(exact);
    }

    /** The share of the hits that are to be had that were found, right or not. */
    double ourFill() {
        return (double) count(ours) / count(exact);
    }

    double theirFill() {
        return (double) count(theirs) / count(exact);
    }

    private static long count(long[] ids) {
        return Arrays.stream(ids).filter(id -> id >= 0).count();
    }

    private long[] row(long[] ids, int query) {
        return Arrays.copyOfRange(ids, query * k, (query + 1) * k);
    }

    @Override
    public void close() {
        matches.close();
    }
}
