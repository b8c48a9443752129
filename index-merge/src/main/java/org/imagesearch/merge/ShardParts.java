package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.imagesearch.core.parquet.RowRange;

/**
 * Deals the rows of a dataset out to shards: runs of rows in a random order of a seed, laid end to end and cut into shards of
 * the same number of pictures. A dataset in the order of topics, so, has every topic in every shard, and no shard has all the
 * neighbours of a query; the runs are read forward, and rows that stand together in a shard are read together. The outcome
 * depends on the dataset, the seed and the number of shards alone.
 */
final class ShardParts {
    /** Runs of the whole dataset at least, while they have {@link #LEAST_ROWS}: the finer, the better mixed. */
    private static final int RUNS = 256;

    /** A run shares its first and last page, some 500 rows of 512 floats each, with its neighbours, which read them again. */
    private static final int LEAST_ROWS = 2048;

    /** About a row group. */
    private static final int MOST_ROWS = 32768;

    private ShardParts() {}

    /** Rows of a run, for a dataset of so many. */
    static int rowsPerRun(long pictures) {
        return (int) Math.max(LEAST_ROWS, Math.min(MOST_ROWS, pictures / RUNS));
    }

    /** @return what each shard takes, in the order of the dataset */
    static List<List<RowRange>> deal(List<Run> runs, int shards, long seed) {
        long total = runs.stream().mapToLong(Run::wanted).sum();
        List<Integer> order = new ArrayList<>();
        for (int number = 0; number < runs.size(); number++) {
            if (runs.get(number).wanted() > 0) {
                order.add(number);
            }
        }
        order.sort(Comparator.comparingLong((Integer number) -> Hashing.rank(number, seed))
                .thenComparing(Comparator.naturalOrder()));
        List<List<Piece>> pieces = new ArrayList<>();
        for (int shard = 0; shard < shards; shard++) {
            pieces.add(new ArrayList<>());
        }
        long dealt = 0;
        int shard = 0;
        for (int number : order) {
            Run run = runs.get(number);
            long from = run.rows().from();
            long left = run.wanted();
            while (left > 0) {
                long end = boundary(total, shards, shard);
                long taken = Math.min(left, end - dealt);
                // Rows that are not wanted are taken to lie evenly among those that are.
                long to = taken == left ? run.rows().to() : from + (run.rows().to() - from) * taken / left;
                if (taken > 0) {
                    pieces.get(shard).add(new Piece(number, from, to));
                }
                from = to;
                left -= taken;
                dealt += taken;
                if (dealt == end && shard < shards - 1) {
                    shard++;
                }
            }
        }
        return pieces.stream().map(mine -> joined(mine, runs)).toList();
    }

    private record Piece(int run, long from, long to) {}

    /** How many pictures the shards up to this one have together. */
    private static long boundary(long total, int shards, int shard) {
        long least = total / shards;
        return least * (shard + 1L) + Math.min(total % shards, shard + 1L);
    }

    private static List<RowRange> joined(List<Piece> pieces, List<Run> runs) {
        pieces.sort(Comparator.comparingInt(Piece::run).thenComparingLong(Piece::from));
        List<RowRange> ranges = new ArrayList<>();
        for (Piece piece : pieces) {
            RowRange rows = runs.get(piece.run()).rows();
            RowRange.append(ranges, new RowRange(rows.file(), rows.rowGroup(), piece.from(), piece.to()));
        }
        return ranges;
    }
}
