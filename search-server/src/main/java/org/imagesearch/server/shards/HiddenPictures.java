package org.imagesearch.server.shards;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.imagesearch.faiss.IdFilter;

/**
 * The pictures that are taken down, and for every shard that has some of them a filter that leaves those out. A shard that has
 * none is scanned without a filter, as fast as if nothing was taken down. Immutable and thread-safe; its generation closes it.
 */
final class HiddenPictures implements AutoCloseable {
    /** All ids that are down, ascending. */
    private final long[] down;

    /** By the shard's number: those that it holds, ascending. */
    private final Map<Integer, long[]> present;

    private final Map<Integer, IdFilter> filters = new HashMap<>();

    private HiddenPictures(long[] down, Map<Integer, long[]> present) {
        this.down = down;
        this.present = present;
        present.forEach((shard, ids) -> {
            if (ids.length > 0) {
                filters.put(shard, IdFilter.except(ids));
            }
        });
    }

    static HiddenPictures none(List<Shard> shards) {
        Map<Integer, long[]> present = new HashMap<>();
        shards.forEach(shard -> present.put(shard.number(), new long[0]));
        return new HiddenPictures(new long[0], present);
    }

    /**
     * What is hidden when these pictures are down; ids that were down before are not looked for in the shards again.
     *
     * @param shards the same ones
     * @param next ids, ascending and distinct
     */
    HiddenPictures next(List<Shard> shards, long[] next) {
        Map<Integer, long[]> nextPresent = new HashMap<>();
        for (Shard shard : shards) {
            long[] before = present.get(shard.number());
            nextPresent.put(
                    shard.number(),
                    LongStream.of(next)
                            .filter(id -> isDown(id) ? Arrays.binarySearch(before, id) >= 0 : shard.holds(id))
                            .toArray());
        }
        return new HiddenPictures(next, nextPresent);
    }

    boolean isDown(long id) {
        return Arrays.binarySearch(down, id) >= 0;
    }

    /** Null for a shard without pictures that are down. */
    IdFilter filter(int shard) {
        return filters.get(shard);
    }

    /** Those that a shard holds, ascending. Not to be changed. */
    long[] presentIn(int shard) {
        return present.get(shard);
    }

    /** Pictures of a shard that are down. */
    long present(int shard) {
        return present.get(shard).length;
    }

    /** Pictures in the shards that are down. */
    long present() {
        return present.values().stream().mapToLong(ids -> ids.length).sum();
    }

    @Override
    public void close() {
        filters.values().forEach(IdFilter::close);
    }
}
