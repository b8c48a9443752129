package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.imagesearch.faiss.binding.FaissCalls;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every instruction set that this processor has, held to sums in double precision. */
class ScanTest {
    private static final long SEED = 77;
    private static final float TOLERANCE = 2e-6f;

    private final String before = FaissLibrary.instructionSet();

    @TempDir
    Path folder;

    @AfterEach
    void restore() {
        FaissCalls.useInstructionSet(before);
    }

    static Stream<String> instructionSets() {
        FaissLibrary.require();
        String best = FaissCalls.instructionSet();
        List<String> ascending = List.of("portable", "avx2", "avx512");
        return ascending.stream().limit(ascending.indexOf(best) + 1L);
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void everyDimensionIsScoredRightInMemoryAndMapped(String set) {
        use(set);
        IntStream.concat(IntStream.rangeClosed(1, 70), IntStream.of(127, 300, 512, 768))
                .forEach(dimension -> {
                    Lists lists = new Lists(SEED + dimension, dimension, 0, 1, 2, 3, 4, 5, 17, 300);
                    Path file = folder.resolve(dimension + ".faiss");
                    try (IvfIndex index = lists.index()) {
                        index.write(file);
                        // Mapped, the lists of a file stand at odd addresses.
                        try (IvfIndex mapped = IvfIndex.map(file);
                                IvfIndex read = IvfIndex.read(file);
                                IvfIndex screened = IvfIndex.map(file)) {
                            screened.screen();
                            float[] queries = lists.queries(7);
                            for (IvfIndex some : List.of(index, mapped, read, screened)) {
                                lists.requireExact(some, queries, 1, 5);
                                lists.requireExact(some, queries, 7, 5);
                            }
                        }
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void anyNumberOfHitsIsFound(String set) {
        use(set);
        Lists lists = new Lists(SEED, 24, 500, 0, 1, 700, 255, 256, 257, 31);
        try (IvfIndex index = lists.index()) {
            for (int k : new int[] {1, 2, 31, 32, 33, 64, 100, 999, 1999, 2000, 2001, 5000}) {
                lists.requireExact(index, lists.queries(1), 1, k);
                lists.requireExact(index, lists.queries(9), 9, k);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void aBatchGivesTheBitsOfSingleQueries(String set) {
        use(set);
        Lists lists = new Lists(SEED, 61, 40, 0, 1, 333, 64, 65, 63, 130, 9, 2, 77);
        int n = 300;
        int k = 12;
        int nprobe = 4;
        float[] queries = lists.queries(n);
        try (IvfIndex index = lists.index()) {
            long[] probed = new long[n * nprobe];
            float[] coarse = new float[probed.length];
            index.assign(queries, n, nprobe, probed, coarse);
            long[] ids = new long[n * k];
            float[] scores = new float[ids.length];
            index.search(queries, n, k, nprobe, null, ids, scores);
            for (int query = 0; query < n; query++) {
                float[] one = lists.row(queries, query);
                long[] lone = new long[nprobe];
                float[] loneCoarse = new float[nprobe];
                index.assign(one, 1, nprobe, lone, loneCoarse);
                assertThat(Arrays.copyOfRange(probed, query * nprobe, (query + 1) * nprobe))
                        .containsExactly(lone);
                assertThat(Arrays.copyOfRange(coarse, query * nprobe, (query + 1) * nprobe))
                        .containsExactly(loneCoarse);
                long[] found = new long[k];
                float[] at = new float[k];
                index.search(one, 1, k, nprobe, null, found, at);
                assertThat(Arrays.copyOfRange(ids, query * k, (query + 1) * k))
                        .as("query %d", query)
                        .containsExactly(found);
                assertThat(Arrays.copyOfRange(scores, query * k, (query + 1) * k))
                        .containsExactly(at);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void equalScoresComeInTheOrderOfTheirIds(String set) {
        use(set);
        int dimension = 3;
        int count = 1000;
        float[] vectors = new float[count * dimension];
        long[] ids = new long[count];
        long[] lists = new long[count];
        for (int i = 0; i < count; i++) {
            vectors[i * dimension] = i % 10;
            ids[i] = (i * 7919L) % 1009;
            lists[i] = i % 3;
        }
        long[] expected = IntStream.range(0, count)
                .boxed()
                .sorted(Comparator.<Integer>comparingInt(i -> -(i % 10)).thenComparingLong(i -> ids[i]))
                .mapToLong(i -> ids[i])
                .limit(250)
                .toArray();
        try (IvfIndex index = IvfIndex.fromCentroids(new float[3 * dimension], 3, dimension)) {
            index.add(vectors, ids, lists, count);
            for (int n : new int[] {1, 5}) {
                float[] queries = new float[n * dimension];
                for (int query = 0; query < n; query++) {
                    queries[query * dimension] = 1;
                }
                long[] found = new long[n * 250];
                index.search(queries, n, 250, 3, null, found, new float[found.length]);
                for (int query = 0; query < n; query++) {
                    assertThat(Arrays.copyOfRange(found, query * 250, (query + 1) * 250))
                            .containsExactly(expected);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void boundsLeaveOutWhatIsBelowThemAndKeepWhatIsEqual(String set) {
        use(set);
        Lists lists = new Lists(SEED, 20, 400, 300, 200);
        int n = 6;
        int k = 30;
        float[] queries = lists.queries(n);
        long[] probed = IntStream.range(0, n * 3).mapToLong(i -> i % 3).toArray();
        float[] coarse = new float[probed.length];
        try (IvfIndex index = lists.index()) {
            long[] all = new long[n * k];
            float[] allScores = new float[n * k];
            index.searchPreassigned(queries, n, k, probed, coarse, 3, null, null, all, allScores);
            float[] bounds = new float[n];
            for (int query = 0; query < n; query++) {
                bounds[query] = allScores[query * k + query * 5];
            }
            bounds[n - 1] = Float.NEGATIVE_INFINITY;
            long[] ids = new long[n * k];
            float[] scores = new float[n * k];
            index.searchPreassigned(queries, n, k, probed, coarse, 3, null, bounds, ids, scores);
            for (int query = 0; query < n; query++) {
                int kept = query == n - 1 ? k : query * 5 + 1;
                assertThat(Arrays.copyOfRange(ids, query * k, query * k + kept))
                        .containsExactly(Arrays.copyOfRange(all, query * k, query * k + kept));
                assertThat(LongStream.of(Arrays.copyOfRange(ids, query * k + kept, (query + 1) * k)))
                        .allMatch(id -> id == -1);
                long[] single = new long[k];
                index.searchPreassigned(
                        lists.row(queries, query),
                        1,
                        k,
                        new long[] {0, 1, 2},
                        new float[3],
                        3,
                        null,
                        new float[] {bounds[query]},
                        single,
                        new float[k]);
                assertThat(single).containsExactly(Arrays.copyOfRange(ids, query * k, (query + 1) * k));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void shardsWithPassedOnBoundsFindWhatOneIndexFinds(String set) {
        use(set);
        Lists lists = new Lists(SEED, 33, 100, 250, 0, 80);
        int k = 20;
        int shards = 4;
        float[] query = lists.queries(1);
        long[] probed = {0, 1, 2, 3};
        try (IvfIndex index = lists.index()) {
            long[] expected = new long[k];
            index.searchPreassigned(query, 1, k, probed, new float[4], 4, null, null, expected, new float[k]);
            List<Hit> best = new ArrayList<>();
            for (int shard = 0; shard < shards; shard++) {
                int number = shard;
                try (IvfIndex part = lists.index(id -> id % shards == number)) {
                    float bound = best.size() < k ? Float.NEGATIVE_INFINITY : best.get(k - 1).score;
                    long[] ids = new long[k];
                    float[] scores = new float[k];
                    part.searchPreassigned(
                            query, 1, k, probed, new float[4], 4, null, new float[] {bound}, ids, scores);
                    IntStream.range(0, k).filter(i -> ids[i] >= 0).forEach(i -> best.add(new Hit(ids[i], scores[i])));
                    best.sort(Comparator.<Hit>comparingDouble(hit -> -hit.score).thenComparingLong(Hit::id));
                }
            }
            assertThat(best.stream().limit(k).mapToLong(Hit::id)).containsExactly(box(expected));
        }
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void filtersGoWithEveryPathAndListsNamedTwiceCountOnceInABatch(String set) {
        use(set);
        Lists lists = new Lists(SEED, 16, 300, 100, 200);
        long[] some = LongStream.range(0, 600).filter(id -> id % 5 == 0).toArray();
        try (IvfIndex index = lists.index();
                IdFilter only = IdFilter.only(some);
                IdFilter except = IdFilter.except(some)) {
            for (int n : new int[] {1, 8}) {
                float[] queries = lists.queries(n);
                long[] ids = new long[n * 40];
                index.search(queries, n, 40, 3, only, ids, new float[ids.length]);
                for (int query = 0; query < n; query++) {
                    assertThat(Arrays.copyOfRange(ids, query * 40, (query + 1) * 40))
                            .containsExactly(lists.exact(lists.row(queries, query), 40, id -> id % 5 == 0));
                }
                index.search(queries, n, 40, 3, except, ids, new float[ids.length]);
                for (int query = 0; query < n; query++) {
                    assertThat(Arrays.copyOfRange(ids, query * 40, (query + 1) * 40))
                            .containsExactly(lists.exact(lists.row(queries, query), 40, id -> id % 5 != 0));
                }
            }
            long[] twice = {1, 1, 1, 1, 1, 1, 1, 1};
            long[] ids = new long[4 * 150];
            index.searchPreassigned(
                    lists.queries(4), 4, 150, twice, new float[8], 2, null, null, ids, new float[ids.length]);
            assertThat(LongStream.of(Arrays.copyOf(ids, 150))
                            .filter(id -> id >= 0)
                            .distinct()
                            .count())
                    .isEqualTo(100);
            assertThat(LongStream.of(Arrays.copyOf(ids, 150))
                            .filter(id -> id >= 0)
                            .count())
                    .isEqualTo(100);
        }
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void aScreenChangesNoBitOfWhatIsFound(String set) {
        use(set);
        for (int dimension : new int[] {1, 7, 32, 33, 100, 512}) {
            compareWithScreened(new Lists(SEED + dimension, dimension, 1500, 0, 1, 256, 257, 900));
        }
    }

    /** So many rows that sketches are looked at first. */
    @ParameterizedTest
    @MethodSource("instructionSets")
    void sketchesChangeNoBitOfWhatIsFound(String set) {
        use(set);
        for (int dimension : new int[] {1, 33, 128, 130, 512}) {
            compareWithScreened(new Lists(SEED + dimension, dimension, 4000, 0, 1, 257, 1300));
            Lists alike = new Lists(SEED + dimension, dimension, 4000, 0, 1, 257, 1300);
            alike.makeAlike();
            compareWithScreened(alike);
        }
    }

    private void compareWithScreened(Lists lists) {
        lists.makeStrange();
        Path file = folder.resolve("strange.faiss");
        try (IvfIndex index = lists.index();
                IvfIndex screened = lists.index();
                IdFilter only =
                        IdFilter.only(LongStream.range(0, 900).map(i -> 3 * i).toArray())) {
            screened.screen();
            assertThat(screened.screenBytes()).isPositive();
            assertThat(index.screenBytes()).isZero();
            index.write(file);
            try (IvfIndex mapped = IvfIndex.map(file)) {
                mapped.screen();
                for (int i = 0; i < 40; i++) {
                    float[] query = i < 30 ? lists.queries(1) : lists.row(lists.vectors, i * 50);
                    if (i % 10 == 9) {
                        scale(query, i == 9 ? 0 : i == 19 ? 1e-20f : 0x1p60f);
                    }
                    for (int k : new int[] {1, 10, 300, 4000}) {
                        for (IdFilter filter : new IdFilter[] {null, only}) {
                            Found expected = Found.of(index, query, k, filter, null);
                            Found.of(screened, query, k, filter, null).requireSame(expected);
                            Found.of(mapped, query, k, filter, null).requireSame(expected);
                            float[] bound = {expected.scores[k / 2]};
                            Found.of(screened, query, k, filter, bound)
                                    .requireSame(Found.of(index, query, k, filter, bound));
                        }
                    }
                }
            }
            screened.add(lists.queries(1), new long[] {999_999}, new long[] {0}, 1);
            assertThat(screened.screenBytes()).isZero();
        }
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void shardsSearchedAtOnceFindWhatOneIndexFinds(String set) {
        use(set);
        int count = 5;
        for (int dimension : new int[] {7, 33, 512}) {
            Lists lists = new Lists(SEED + dimension, dimension, dimension == 33 ? 700 : 4700, 0, 1, 3, 256, 500);
            lists.makeStrange();
            List<IvfIndex> shards = new ArrayList<>();
            try (IvfIndex index = lists.index();
                    IdFilter only = IdFilter.only(
                            LongStream.range(0, 480).map(i -> 3 * i).toArray())) {
                for (int shard = 0; shard < count; shard++) {
                    int number = shard;
                    // The last one stays empty.
                    shards.add(lists.index(id -> id % (count - 1) == number));
                }
                for (boolean screened : new boolean[] {false, true}) {
                    if (screened) {
                        shards.forEach(IvfIndex::screen);
                    }
                    for (int i = 0; i < 20; i++) {
                        float[] query = i < 15 ? lists.queries(1) : lists.row(lists.vectors, i * 50);
                        if (i > 12) {
                            scale(query, i == 13 ? 0 : 0x1p60f);
                        }
                        for (int k : new int[] {1, 10, 300, 2000}) {
                            for (IdFilter filter : new IdFilter[] {null, only}) {
                                Found expected = Found.of(index, query, k, filter, null);
                                float bound = i % 2 == 0 ? Float.NEGATIVE_INFINITY : expected.scores[k / 2];
                                Found.ofShards(shards, query, k, filter, bound)
                                        .requireSame(Found.of(index, query, k, filter, new float[] {bound}));
                            }
                        }
                    }
                }
            } finally {
                shards.forEach(IvfIndex::close);
            }
        }
    }

    /** As many centroids as make the coarse step read a screen of them, and one with sketches. */
    @ParameterizedTest
    @MethodSource("instructionSets")
    void manyCentroidsAreFoundAsExactlyAsFewOnes(String set) {
        use(set);
        findCentroids(3_000, 1, 20, 500, 3_000);
        findCentroids(17_000, 1, 64);
    }

    private void findCentroids(int nlist, int... nprobes) {
        Lists lists = new Lists(SEED, 40, new int[nlist]);
        float[] queries = lists.queries(50);
        try (IvfIndex index = lists.index()) {
            for (int nprobe : nprobes) {
                long[] batch = new long[50 * nprobe];
                float[] scores = new float[batch.length];
                index.assign(queries, 50, nprobe, batch, scores);
                for (int query = 0; query < 50; query++) {
                    float[] one = lists.row(queries, query);
                    long[] found = new long[nprobe];
                    float[] at = new float[nprobe];
                    index.assign(one, 1, nprobe, found, at);
                    assertThat(found).containsExactly(Arrays.copyOfRange(batch, query * nprobe, (query + 1) * nprobe));
                    assertThat(at).containsExactly(Arrays.copyOfRange(scores, query * nprobe, (query + 1) * nprobe));
                    assertThat(at[nprobe - 1])
                            .isCloseTo(
                                    (float) IntStream.range(0, nlist)
                                            .mapToDouble(list -> -lists.product(one, lists.centroids, list))
                                            .sorted()
                                            .skip(nprobe - 1L)
                                            .map(score -> -score)
                                            .findFirst()
                                            .orElseThrow(),
                                    within(TOLERANCE));
                }
            }
        }
    }

    private static void scale(float[] vector, float by) {
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= by;
        }
    }

    /** What one query finds, by way of all lists. */
    private record Found(long[] ids, float[] scores) {
        static Found of(IvfIndex index, float[] query, int k, IdFilter filter, float[] bounds) {
            Probes all = Probes.of(index, query);
            Found found = new Found(new long[k], new float[k]);
            index.searchPreassigned(
                    query, 1, k, all.lists, all.coarse, index.nlist(), filter, bounds, found.ids, found.scores);
            return found;
        }

        /** The shard of each hit is checked: it holds the ids that are its number modulo all shards but the last, empty one. */
        static Found ofShards(List<IvfIndex> shards, float[] query, int k, IdFilter filter, float bound) {
            Probes all = Probes.of(shards.get(0), query);
            Found found = new Found(new long[k], new float[k]);
            int[] shardOf = new int[k];
            IdFilter[] filters = new IdFilter[shards.size()];
            Arrays.fill(filters, filter);
            new IvfShards(shards)
                    .search(query, k, all.lists, all.coarse, filters, bound, found.ids, shardOf, found.scores);
            for (int i = 0; i < k; i++) {
                assertThat(shardOf[i]).isEqualTo(found.ids[i] < 0 ? -1 : (int) (found.ids[i] % (shards.size() - 1)));
            }
            return found;
        }

        void requireSame(Found expected) {
            assertThat(ids).isEqualTo(expected.ids);
            assertThat(scores).isEqualTo(expected.scores);
        }
    }

    /** All lists. */
    private record Probes(long[] lists, float[] coarse) {
        static Probes of(IvfIndex index, float[] query) {
            int nlist = index.nlist();
            long[] lists = new long[nlist];
            float[] coarse = new float[nlist];
            index.assign(query, 1, nlist, lists, coarse);
            // Centroids whose score is no number are in no place: the lists of these stand at the end.
            for (int list = 0, place = nlist - 1; list < nlist; list++) {
                int number = list;
                if (LongStream.of(lists).noneMatch(found -> found == number)) {
                    lists[place] = list;
                    coarse[place--] = Float.NaN;
                }
            }
            return new Probes(lists, coarse);
        }
    }

    private static void use(String set) {
        FaissCalls.useInstructionSet(set);
        assertThat(FaissLibrary.instructionSet()).isEqualTo(set);
    }

    private static Long[] box(long[] values) {
        return LongStream.of(values).boxed().toArray(Long[]::new);
    }

    private record Hit(long id, float score) {}

    /** Seeded vectors, so many of them in each list; their ids count up from 0. */
    private static final class Lists {
        final int dimension;
        final float[] vectors;
        final long[] lists;
        final float[] centroids;
        final int nlist;
        final Random random;

        Lists(long seed, int dimension, int... sizes) {
            this.dimension = dimension;
            this.nlist = sizes.length;
            this.random = new Random(seed);
            int count = IntStream.of(sizes).sum();
            this.vectors = units(count);
            this.centroids = units(nlist);
            this.lists = IntStream.range(0, nlist)
                    .flatMap(list -> IntStream.generate(() -> list).limit(sizes[list]))
                    .asLongStream()
                    .toArray();
        }

        private float[] units(int count) {
            float[] out = new float[count * dimension];
            for (int i = 0; i < count; i++) {
                double square = 0;
                for (int j = i * dimension; j < (i + 1) * dimension; j++) {
                    out[j] = (float) random.nextGaussian();
                    square += (double) out[j] * out[j];
                }
                for (int j = i * dimension; j < (i + 1) * dimension; j++) {
                    out[j] /= (float) Math.sqrt(square);
                }
            }
            return out;
        }

        float[] queries(int n) {
            return units(n);
        }

        float[] row(float[] matrix, int row) {
            return Arrays.copyOfRange(matrix, row * dimension, (row + 1) * dimension);
        }

        IvfIndex index() {
            return index(id -> true);
        }

        IvfIndex index(LongPredicate keep) {
            IvfIndex index = IvfIndex.fromCentroids(centroids, nlist, dimension);
            for (int i = 0; i < lists.length; i++) {
                if (keep.test(i)) {
                    index.add(row(vectors, i), new long[] {i}, new long[] {lists[i]}, 1);
                }
            }
            return index;
        }

        /** As pictures are to a model: near to each other, and different in a few directions above all. */
        void makeAlike() {
            makeAlike(vectors);
            makeAlike(centroids);
        }

        private void makeAlike(float[] matrix) {
            for (int i = 0; i < matrix.length; i++) {
                int j = i % dimension;
                matrix[i] = (float) (matrix[i] * 4 * Math.pow(j + 1.0, -0.6)) + (j % 3 == 0 ? 0.1f : -0.05f);
            }
        }

        /** Zeros, numbers beyond any scale, none at all, and vectors that are there many times over. */
        void makeStrange() {
            for (int i = 0; i < lists.length; i += 20) {
                for (int j = i * dimension; j < (i + 1) * dimension; j++) {
                    vectors[j] = switch (i / 20 % 8) {
                        case 0 -> 0;
                        case 1 -> vectors[j] * 1e-30f;
                        case 2 -> vectors[j] * 3;
                        case 3 -> j % 7 == 0 ? Float.NaN : vectors[j];
                        case 4 -> centroids[(int) lists[i] * dimension + j % dimension];
                        case 5 -> vectors[j % dimension];
                        case 6 -> j % dimension == 0 ? 1 : 0;
                        default -> vectors[j] * 1e-6f;
                    };
                }
            }
        }

        double score(float[] query, int i) {
            return product(query, vectors, i);
        }

        double product(float[] query, float[] matrix, int row) {
            double sum = 0;
            for (int j = 0; j < dimension; j++) {
                sum += (double) query[j] * matrix[row * dimension + j];
            }
            return sum;
        }

        long[] exact(float[] query, int k, LongPredicate keep) {
            return IntStream.range(0, lists.length)
                    .filter(keep::test)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> -score(query, i)))
                    .limit(k)
                    .mapToLong(i -> i)
                    .toArray();
        }

        /** All lists probed: k hits in order, each with its exact score, none of the others better than the last. */
        void requireExact(IvfIndex index, float[] queries, int n, int k) {
            long[] ids = new long[n * k];
            float[] scores = new float[n * k];
            index.search(queries, n, k, nlist, null, ids, scores);
            int found = Math.min(k, lists.length);
            for (int q = 0; q < n; q++) {
                String what = "seed " + SEED + ", dimension " + dimension + ", k " + k + ", query " + q + " of " + n;
                float[] query = row(queries, q);
                double[] exact = IntStream.range(0, lists.length)
                        .mapToDouble(i -> score(query, i))
                        .sorted()
                        .toArray();
                for (int place = 0; place < found; place++) {
                    int at = q * k + place;
                    assertThat(scores[at]).as(what).isCloseTo((float) score(query, (int) ids[at]), within(TOLERANCE));
                    assertThat(scores[at])
                            .as(what)
                            .isCloseTo((float) exact[lists.length - 1 - place], within(TOLERANCE));
                }
                assertThat(LongStream.of(Arrays.copyOfRange(ids, q * k, q * k + found))
                                .boxed()
                                .collect(Collectors.toSet()))
                        .as(what)
                        .hasSize(found);
                assertThat(LongStream.of(Arrays.copyOfRange(ids, q * k + found, (q + 1) * k)))
                        .as(what)
                        .allMatch(id -> id == -1);
            }
        }
    }
}
