package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What ScanTest does not hold it to: a filter for each shard, and what is refused. */
class IvfShardsTest {
    private static final int DIMENSION = 16;
    private static final int NLIST = 4;
    private static final int K = 10;
    private static final Vectors VECTORS = new Vectors(3, 400, DIMENSION);

    private final long[] lists = new long[NLIST];
    private final float[] coarse = new float[NLIST];
    private final long[] ids = new long[K];
    private final float[] scores = new float[K];
    private final int[] shardOf = new int[K];

    private IvfIndex even;
    private IvfIndex odd;
    private IvfShards shards;

    @BeforeEach
    void split() {
        try (IvfIndex whole = VECTORS.index(NLIST)) {
            even = half(whole.centroids(), 0);
            odd = half(whole.centroids(), 1);
        }
        shards = new IvfShards(List.of(even, odd));
    }

    private static IvfIndex half(float[] centroids, int parity) {
        IvfIndex index = IvfIndex.fromCentroids(centroids, NLIST, DIMENSION);
        long[] list = new long[1];
        for (int i = parity; i < VECTORS.count; i += 2) {
            index.assign(VECTORS.row(i), 1, 1, list, new float[1]);
            index.add(VECTORS.row(i), new long[] {VECTORS.ids[i]}, list, 1);
        }
        return index;
    }

    @AfterEach
    void close() {
        even.close();
        odd.close();
    }

    private void search(float[] query, IdFilter... filters) {
        even.assign(query, 1, NLIST, lists, coarse);
        shards.search(query, K, lists, coarse, filters, Float.NEGATIVE_INFINITY, ids, shardOf, scores);
    }

    @Test
    void eachShardHasItsOwnFilter() {
        float[] query = VECTORS.row(8);
        long[] hidden = Arrays.copyOf(VECTORS.nearest(query, K, id -> parity(id) == 1), 3);
        try (IdFilter except = IdFilter.except(hidden);
                IdFilter everyOdd = IdFilter.except(VECTORS.nearest(query, VECTORS.count, id -> parity(id) == 1))) {
            search(query, null, except);
            assertThat(ids).containsExactly(VECTORS.nearest(query, K, id -> Arrays.stream(hidden)
                    .noneMatch(other -> other == id)));
            for (int i = 0; i < K; i++) {
                assertThat(shardOf[i]).isEqualTo(parity(ids[i]));
            }

            search(query, null, everyOdd);
            assertThat(ids).containsExactly(VECTORS.nearest(query, K, id -> parity(id) == 0));
            assertThat(shardOf).containsOnly(0);
        }
    }

    private static int parity(long id) {
        return Arrays.binarySearch(VECTORS.ids, id) % 2;
    }

    @Test
    void arraysThatDoNotFitAreRefused() {
        float[] query = VECTORS.row(0);
        even.assign(query, 1, NLIST, lists, coarse);
        IdFilter[] none = new IdFilter[2];
        float least = Float.NEGATIVE_INFINITY;
        assertRefused(
                "queries", () -> shards.search(new float[3], K, lists, coarse, none, least, ids, shardOf, scores));
        assertRefused("filters", () -> search(query));
        assertRefused("coarse", () -> shards.search(query, K, lists, new float[1], none, least, ids, shardOf, scores));
        assertRefused("ids", () -> shards.search(query, K + 1, lists, coarse, none, least, ids, shardOf, scores));
        assertRefused(
                "shards of hits", () -> shards.search(query, K, lists, coarse, none, least, ids, new int[1], scores));
        assertRefused(
                "list is 4",
                () -> shards.search(query, K, new long[] {4, 0, 0, 0}, coarse, none, least, ids, shardOf, scores));
    }

    @Test
    void indexesThatDoNotBelongTogetherAreRefused() {
        assertRefused("shards is 0", () -> new IvfShards(List.of()));
        try (IvfIndex other = IvfIndex.fromCentroids(new float[DIMENSION], 1, DIMENSION);
                IvfIndex longer = IvfIndex.fromCentroids(new float[NLIST * 20], NLIST, 20)) {
            assertRefused("nlist is 1", () -> new IvfShards(List.of(even, other)));
            assertRefused("dimension is 20", () -> new IvfShards(List.of(even, longer)));
        }
    }

    private static void assertRefused(String named, Runnable call) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(named);
    }

    @Test
    void aShardThatIsClosedEndsTheSearch() {
        odd.close();
        assertThatThrownBy(() -> search(VECTORS.row(0), null, null))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
        // What was held for it is given back: this does not wait for ever.
        even.close();
    }
}
