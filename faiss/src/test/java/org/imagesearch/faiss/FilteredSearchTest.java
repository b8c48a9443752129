package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.VectorCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Searches that are limited to some ids, however many and wherever these are. */
class FilteredSearchTest {
    private static final int DIMENSION = 32;
    private static final int NLIST = 16;
    private static final int COUNT = 2_000;
    private static final double[] SHARES = {0.002, 0.04, 0.06, 0.25, 0.35, 0.99};

    @Test
    void setsOfIdsThatStandCloseAndFarApartLetTheSameThrough() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Vectors vectors = new Vectors(5, COUNT, DIMENSION);
        long[] close = LongStream.range(7, 7 + COUNT).toArray();
        long[] apart =
                random.longs(0, 1_000_000_000_000_000L).distinct().limit(COUNT).toArray();
        for (long[] ids : List.of(close, apart)) {
            System.arraycopy(ids, 0, vectors.ids, 0, COUNT);
            try (IvfIndex index = vectors.index(NLIST);
                    IvfIndex screened = vectors.index(NLIST)) {
                screened.screen();
                for (double share : SHARES) {
                    Set<Long> chosen = chosen(random, ids, share);
                    try (IdFilter only = IdFilter.only(array(chosen));
                            IdFilter except = IdFilter.except(array(chosen))) {
                        float[] query = vectors.row(random.nextInt(COUNT));
                        for (int k : new int[] {1, 20, COUNT}) {
                            String what = "seed %d, share %s, k %d".formatted(seed, share, k);
                            long[] all = search(index, query, COUNT, null);
                            for (IvfIndex one : List.of(index, screened)) {
                                assertThat(search(one, query, k, only))
                                        .as(what)
                                        .isEqualTo(LongStream.of(all)
                                                .filter(chosen::contains)
                                                .limit(k)
                                                .toArray());
                                assertThat(search(one, query, k, except))
                                        .as(what)
                                        .isEqualTo(LongStream.of(all)
                                                .filter(id -> !chosen.contains(id))
                                                .limit(k)
                                                .toArray());
                            }
                        }
                    }
                }
            }
        }
    }

    /** Those that are looked for first have the scores that they have in a scan of all. */
    @ParameterizedTest
    @ValueSource(strings = {"Flat", "SQfp16", "SQ8", "PQ8"})
    void aCodeHasTheSameScoreHoweverItIsFound(String codec) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Vectors vectors = new Vectors(6, COUNT, DIMENSION);
        try (IvfIndex centroids = vectors.index(NLIST);
                IvfIndex index = IvfIndex.trained(
                        centroids.centroids(), NLIST, DIMENSION, VectorCodec.parse(codec), vectors.values, COUNT, 1)) {
            vectors.addTo(index);
            float[] query = vectors.row(3);
            long[] all = new long[COUNT];
            float[] scores = new float[COUNT];
            index.search(query, 1, COUNT, NLIST, null, all, scores);
            Map<Long, Float> scoreOf = new HashMap<>();
            for (int i = 0; i < COUNT; i++) {
                scoreOf.put(all[i], scores[i]);
            }
            for (double share : SHARES) {
                Set<Long> chosen = chosen(random, vectors.ids, share);
                try (IdFilter only = IdFilter.only(array(chosen))) {
                    long[] ids = new long[50];
                    float[] found = new float[50];
                    index.search(query, 1, 50, NLIST, only, ids, found);
                    assertThat(ids)
                            .as("seed %d, share %s", seed, share)
                            .startsWith(LongStream.of(all)
                                    .filter(chosen::contains)
                                    .limit(50)
                                    .toArray());
                    for (int i = 0; i < Math.min(50, chosen.size()); i++) {
                        assertThat(found[i]).isEqualTo(scoreOf.get(ids[i]));
                    }
                }
            }
        }
    }

    @Test
    void listsAreReadUntilThereAreEnoughMatches() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Vectors vectors = new Vectors(7, COUNT, DIMENSION);
        try (IvfIndex index = vectors.index(NLIST)) {
            for (int round = 0; round < 200; round++) {
                Set<Long> chosen = chosen(random, vectors.ids, SHARES[random.nextInt(SHARES.length)]);
                float[] query = vectors.row(random.nextInt(COUNT));
                int nprobe = 1 + random.nextInt(NLIST);
                int k = 1 + random.nextInt(random.nextBoolean() ? 5 : COUNT);
                FilteredLists nearest = nearest(index, query, nprobe);
                try (MatchingVectors matches = matches(index, chosen)) {
                    FilteredLists lists =
                            FilteredLists.choose(query, k, nearest, index, List.of(index), List.of(matches));

                    String what = "seed %d, nprobe %d, k %d, matches %d".formatted(seed, nprobe, k, chosen.size());
                    Map<Long, Long> matchesOf = matchesOf(index, chosen);
                    List<Long> read = LongStream.of(lists.lists()).boxed().toList();
                    assertThat(read)
                            .as(what)
                            .doesNotHaveDuplicates()
                            .containsAll(LongStream.of(nearest.lists())
                                    .boxed()
                                    .filter(matchesOf::containsKey)
                                    .toList());
                    assertThat(matchesOf.keySet()).as(what).containsAll(read);
                    assertThat(LongStream.of(lists.lists()).map(matchesOf::get).sum())
                            .as(what)
                            .isGreaterThanOrEqualTo(Math.min(k, chosen.size()));
                    FilteredLists all = nearest(index, query, NLIST);
                    Map<Long, Float> scoreOf = new HashMap<>();
                    for (int i = 0; i < NLIST; i++) {
                        scoreOf.put(all.lists()[i], all.coarseScores()[i]);
                    }
                    for (int i = 0; i < lists.lists().length; i++) {
                        assertThat(lists.coarseScores()[i]).isEqualTo(scoreOf.get(lists.lists()[i]));
                    }
                }
            }
        }
    }

    @Test
    void aFilterThatLetsAllThroughReadsWhatIsReadWithoutOne() {
        Vectors vectors = new Vectors(8, COUNT, DIMENSION);
        try (IvfIndex index = vectors.index(NLIST);
                MatchingVectors all =
                        matches(index, LongStream.of(vectors.ids).boxed().collect(Collectors.toSet()))) {
            float[] query = vectors.row(0);
            FilteredLists nearest = nearest(index, query, 3);
            assertThat(all.ids()).isNull();
            assertThat(FilteredLists.choose(query, 5, nearest, index, List.of(index), List.of(all))
                            .lists())
                    .isEqualTo(nearest.lists());
        }
    }

    @Test
    void whatIsNoSetOfIdsIsRefused() {
        assertThatThrownBy(() -> IdFilter.only(new long[] {3, -1}))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("-1");
        assertThatThrownBy(() -> new MatchingVectors(new long[] {1}, new int[] {4}, 4, false))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("list is 4, expected 0 to 3");
    }

    private static FilteredLists nearest(IvfIndex index, float[] query, int nprobe) {
        long[] lists = new long[nprobe];
        float[] scores = new float[nprobe];
        index.assign(query, 1, nprobe, lists, scores);
        return new FilteredLists(lists, scores);
    }

    private static MatchingVectors matches(IvfIndex index, Set<Long> chosen) {
        long[] ids = array(chosen);
        Map<Long, Integer> listOf = new HashMap<>();
        for (int list = 0; list < NLIST; list++) {
            for (long id : index.listIds(list)) {
                listOf.put(id, list);
            }
        }
        return new MatchingVectors(
                ids, Arrays.stream(ids).mapToInt(listOf::get).toArray(), NLIST, ids.length == index.size());
    }

    private static Map<Long, Long> matchesOf(IvfIndex index, Set<Long> chosen) {
        Map<Long, Long> matches = new HashMap<>();
        for (int list = 0; list < NLIST; list++) {
            long count =
                    LongStream.of(index.listIds(list)).filter(chosen::contains).count();
            if (count > 0) {
                matches.put((long) list, count);
            }
        }
        return matches;
    }

    private static long[] search(IvfIndex index, float[] query, int k, IdFilter filter) {
        long[] ids = new long[k];
        index.search(query, 1, k, NLIST, filter, ids, new float[k]);
        return LongStream.of(ids).filter(id -> id >= 0).toArray();
    }

    private static Set<Long> chosen(Random random, long[] ids, double share) {
        Set<Long> chosen = LongStream.of(ids)
                .filter(id -> random.nextDouble() < share)
                .boxed()
                .collect(Collectors.toSet());
        chosen.add(ids[random.nextInt(ids.length)]);
        return chosen;
    }

    private static long[] array(Set<Long> ids) {
        return ids.stream().mapToLong(Long::longValue).toArray();
    }
}
