package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IvfIndexTest {
    private static final int NLIST = 32;
    private static final int K = 10;

    private final Vectors vectors = new Vectors(11, 3_000, 48);
    private long liveBefore;

    @TempDir
    Path folder;

    @BeforeEach
    void countNativeObjects() {
        liveBefore = NativeHandle.live();
    }

    @AfterEach
    void everyNativeObjectIsFreed() {
        assertThat(NativeHandle.live()).isEqualTo(liveBefore);
    }

    @Test
    void probingEveryListEqualsExactSearch() {
        try (IvfIndex index = vectors.index(NLIST)) {
            assertThat(index.size()).isEqualTo(vectors.count);
            for (int i = 0; i < vectors.count; i += 97) {
                float[] query = vectors.row(i);
                long[] ids = new long[K];
                float[] scores = new float[K];
                index.search(query, 1, K, NLIST, null, ids, scores);
                assertThat(ids).containsExactly(vectors.nearest(query, K, id -> true));
                assertThat(scores[0]).isCloseTo(1f, within(1e-5f));
            }
        }
    }

    @Test
    void fewerListsFindMostOfTheNearest() {
        try (IvfIndex index = vectors.index(NLIST)) {
            int found = 0;
            int wanted = 0;
            for (int i = 0; i < vectors.count; i += 31) {
                long[] ids = new long[K];
                index.search(vectors.row(i), 1, K, 8, null, ids, new float[K]);
                long[] exact = vectors.nearest(vectors.row(i), K, id -> true);
                found += (int) LongStream.of(exact)
                        .filter(id -> LongStream.of(ids).anyMatch(other -> other == id))
                        .count();
                wanted += K;
            }
            assertThat((double) found / wanted).isBetween(0.6, 1.0);
        }
    }

    @Test
    void aBatchGivesWhatSingleQueriesGive() {
        try (IvfIndex index = vectors.index(NLIST)) {
            int n = 50;
            long[] ids = new long[n * K];
            float[] scores = new float[n * K];
            index.search(Arrays.copyOf(vectors.values, n * vectors.dimension), n, K, 4, null, ids, scores);
            for (int i = 0; i < n; i++) {
                long[] single = new long[K];
                index.search(vectors.row(i), 1, K, 4, null, single, new float[K]);
                assertThat(Arrays.copyOfRange(ids, i * K, (i + 1) * K)).containsExactly(single);
            }
        }
    }

    @Test
    void codesAreWhatTheListsHold() {
        try (IvfIndex index = vectors.index(NLIST)) {
            long[] lists = new long[1];
            index.assign(vectors.row(5), 1, 1, lists, new float[1]);
            byte[] code = new byte[index.codeBytes()];
            index.encode(vectors.row(5), 1, lists, code);
            float[] decoded = new float[vectors.dimension];
            ByteBuffer.wrap(code).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(decoded);
            assertThat(decoded)
                    .isEqualTo(vectors.row(5))
                    .isEqualTo(index.vector((int) lists[0], vectors.ids[5]).orElseThrow());
        }
    }

    @Test
    void missingHitsAreMinusOne() {
        try (IvfIndex index = IvfIndex.fromCentroids(new float[] {1, 0, 0, 1}, 2, 2)) {
            index.add(new float[] {1, 0}, new long[] {7}, new long[] {0}, 1);
            long[] ids = new long[3];
            index.search(new float[] {1, 0}, 1, 3, 2, null, ids, new float[3]);
            assertThat(ids).containsExactly(7, -1, -1);
        }
    }

    @Test
    void listsMaskedWithMinusOneAreNotScanned() {
        try (IvfIndex index = IvfIndex.fromCentroids(new float[] {1, 0, 0, 1}, 2, 2)) {
            index.add(new float[] {1, 0, 0, 1}, new long[] {7, 8}, new long[] {0, 1}, 2);
            long[] ids = new long[2];
            float[] query = {0.6f, 0.8f};
            index.searchPreassigned(query, 1, 2, new long[] {-1, 0}, new float[2], 2, null, null, ids, new float[2]);
            assertThat(ids).containsExactly(7, -1);
        }
    }

    @Test
    void filtersKeepOrLeaveOutIds() {
        long[] some = LongStream.of(vectors.ids).filter(id -> id % 7 == 0).toArray();
        float[] query = vectors.row(5);
        try (IvfIndex index = vectors.index(NLIST);
                IdFilter only = IdFilter.only(some);
                IdFilter except = IdFilter.except(some)) {
            long[] ids = new long[K];
            index.search(query, 1, K, NLIST, only, ids, new float[K]);
            assertThat(ids).containsExactly(vectors.nearest(query, K, id -> id % 7 == 0));
            index.search(query, 1, K, NLIST, except, ids, new float[K]);
            assertThat(ids).containsExactly(vectors.nearest(query, K, id -> id % 7 != 0));
        }
    }

    @Test
    void filtersAndMaskedListsGoTogetherInABatch() {
        int n = 20;
        int nprobe = 6;
        long seed = 31;
        Random random = new Random(seed);
        long[] some =
                LongStream.of(vectors.ids).filter(id -> random.nextInt(3) == 0).toArray();
        Set<Long> kept = LongStream.of(some).boxed().collect(Collectors.toSet());
        float[] queries = Arrays.copyOf(vectors.values, n * vectors.dimension);
        try (IvfIndex index = vectors.index(NLIST);
                IdFilter only = IdFilter.only(some);
                IdFilter except = IdFilter.except(some)) {
            long[] lists = new long[n * nprobe];
            float[] coarse = new float[lists.length];
            index.assign(queries, n, nprobe, lists, coarse);
            for (int i = 0; i < lists.length; i += 4) {
                lists[i] = -1;
            }
            for (IdFilter filter : new IdFilter[] {only, except}) {
                long[] ids = new long[n * K];
                float[] scores = new float[ids.length];
                index.searchPreassigned(queries, n, K, lists, coarse, nprobe, filter, null, ids, scores);
                for (int query = 0; query < n; query++) {
                    Set<Long> scanned = LongStream.of(lists)
                            .skip((long) query * nprobe)
                            .limit(nprobe)
                            .filter(list -> list >= 0)
                            .flatMap(list -> LongStream.of(index.listIds((int) list)))
                            .boxed()
                            .collect(Collectors.toSet());
                    long[] expected = vectors.nearest(
                            vectors.row(query), K, id -> scanned.contains(id) && kept.contains(id) == (filter == only));
                    assertThat(Arrays.copyOfRange(ids, query * K, query * K + expected.length))
                            .as("seed %d, query %d", seed, query)
                            .containsExactly(expected);
                    assertThat(LongStream.of(Arrays.copyOfRange(ids, query * K + expected.length, (query + 1) * K)))
                            .allMatch(id -> id == -1);
                }
            }
        }
    }

    @Test
    void aFilterMayOutliveTheArrayItWasMadeFromButNotItsClosing() {
        long[] some = {vectors.ids[5], vectors.ids[6]};
        try (IvfIndex index = vectors.index(NLIST)) {
            IdFilter filter = IdFilter.only(some);
            Arrays.fill(some, -7);
            long[] ids = new long[3];
            index.search(vectors.row(5), 1, 3, NLIST, filter, ids, new float[3]);
            assertThat(ids).containsExactly(vectors.ids[5], vectors.ids[6], -1);
            filter.close();
            assertThatThrownBy(() -> index.search(vectors.row(5), 1, 3, NLIST, filter, ids, new float[3]))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("id filter is closed");
        }
    }

    @Test
    void queriesThatAreNotNumbersFindNothingAndZeroFindsSomething() {
        try (IvfIndex index = vectors.index(NLIST)) {
            float[] query = new float[vectors.dimension];
            long[] ids = new long[K];
            index.search(query, 1, K, 4, null, ids, new float[K]);
            assertThat(LongStream.of(ids).distinct()).hasSize(K).doesNotContain(-1L);
            query[7] = Float.NaN;
            index.search(query, 1, K, 4, null, ids, new float[K]);
            assertThat(ids).containsOnly(-1);
            Arrays.fill(query, Float.POSITIVE_INFINITY);
            index.search(query, 1, K, 4, null, ids, new float[K]);
        }
    }

    @Test
    void aMappedFileAnswersAfterItIsDeletedOrReplaced() throws IOException {
        Path file = folder.resolve("shard.faiss");
        Path other = folder.resolve("other.faiss");
        Vectors others = new Vectors(12, 500, 48);
        try (IvfIndex index = vectors.index(NLIST);
                IvfIndex replacement = others.index(NLIST)) {
            index.write(file);
            replacement.write(other);
            try (IvfIndex mapped = IvfIndex.map(file)) {
                Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
                assertAnswersLike(index, mapped);
                try (IvfIndex mappedLater = IvfIndex.map(file)) {
                    assertThat(mappedLater.size()).isEqualTo(others.count);
                    Files.delete(file);
                    assertAnswersLike(index, mapped);
                    assertAnswersLike(replacement, mappedLater);
                }
            }
        }
    }

    private void assertAnswersLike(IvfIndex expected, IvfIndex actual) {
        for (int row = 0; row < vectors.count; row += 101) {
            assertThat(hits(actual, row)).isEqualTo(hits(expected, row));
        }
        for (int list = 0; list < NLIST; list++) {
            assertThat(actual.listIds(list)).containsExactly(expected.listIds(list));
        }
    }

    @Test
    void aFileReadOrMappedAnswersLikeTheIndexThatWroteIt() {
        Path file = folder.resolve("shard.faiss");
        try (IvfIndex index = vectors.index(NLIST)) {
            index.write(file);
            try (IvfIndex read = IvfIndex.read(file);
                    IvfIndex mapped = IvfIndex.map(file)) {
                for (int i = 0; i < vectors.count; i += 301) {
                    assertThat(hits(read, i)).isEqualTo(hits(index, i));
                    assertThat(hits(mapped, i)).isEqualTo(hits(index, i));
                }
                assertThat(mapped.centroids()).containsExactly(index.centroids());
                assertThatThrownBy(() -> mapped.add(vectors.row(0), new long[1], new long[1], 1))
                        .isInstanceOf(ImageSearchException.class)
                        .hasMessageContaining("read-only");
            }
        }
    }

    @Test
    void listsGiveBackIdsAndVectors() {
        Path file = folder.resolve("shard.faiss");
        try (IvfIndex index = vectors.index(NLIST)) {
            index.write(file);
            try (IvfIndex mapped = IvfIndex.map(file)) {
                long total = 0;
                for (int list = 0; list < NLIST; list++) {
                    long[] ids = mapped.listIds(list);
                    assertThat(ids).hasSize((int) mapped.listSize(list));
                    total += ids.length;
                    for (int i = 0; i < ids.length; i += 17) {
                        int row = (int) ((ids[i] - vectors.ids[0]) / 3);
                        assertThat(mapped.vector(list, ids[i])).hasValue(vectors.row(row));
                        assertThat(index.listVectors(list, i, 1)).containsExactly(vectors.row(row));
                    }
                }
                assertThat(total).isEqualTo(vectors.count);
                assertThat(mapped.vector(0, 42)).isEmpty();
            }
        }
    }

    @Test
    void wrongArgumentsAreInputErrorsNotCrashes() {
        try (IvfIndex index = vectors.index(NLIST)) {
            float[] query = vectors.row(0);
            assertInput(() -> index.search(query, 1, K, NLIST + 1, null, new long[K], new float[K]), "nprobe");
            assertInput(() -> index.search(query, 1, 0, 1, null, new long[K], new float[K]), "k is 0");
            assertInput(() -> index.search(query, 2, K, 1, null, new long[2 * K], new float[2 * K]), "queries");
            assertInput(() -> index.search(query, 1, K, 1, null, new long[K - 1], new float[K]), "ids");
            assertInput(() -> index.add(query, new long[1], new long[] {NLIST}, 1), "list of vector 0");
            assertInput(() -> index.listIds(-1), "list");
            assertInput(() -> index.listVectors(0, 0, 1 << 30), "count");
            assertInput(
                    () -> index.searchPreassigned(
                            query, 1, K, new long[] {NLIST}, new float[1], 1, null, null, new long[K], new float[K]),
                    "list");
        }
        assertInput(() -> IvfIndex.fromCentroids(new float[3], 2, 2), "centroids");
        assertInput(() -> IdFilter.only(new long[0]), "at least one id");
    }

    @Test
    void closingWaitsForSearchesAndEndsLaterOnes() throws Exception {
        IvfIndex index = vectors.index(NLIST);
        AtomicInteger done = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            var searches = IntStream.range(0, 8)
                    .<Future<?>>mapToObj(thread -> threads.submit(() -> {
                        long[] ids = new long[K];
                        while (true) {
                            index.search(vectors.row(thread), 1, K, NLIST, null, ids, new float[K]);
                            done.incrementAndGet();
                        }
                    }))
                    .toList();
            while (done.get() < 200) {
                Thread.onSpinWait();
            }
            index.close();
            for (Future<?> search : searches) {
                assertThatThrownBy(search::get)
                        .hasCauseInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed");
            }
        } finally {
            threads.shutdownNow();
        }
        index.close();
        assertThatThrownBy(index::size).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void writingWhereNothingCanBeWrittenNamesTheFile() {
        try (IvfIndex index = vectors.index(NLIST)) {
            Path file = folder.resolve("absent/shard.faiss");
            assertThatThrownBy(() -> index.write(file))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.RESOURCE))
                    .hasMessageContaining(file.toString());
        }
    }

    /** Small enough to lie in the buffers of the C library until the very end. */
    @Test
    void aFullDiskIsAResourceErrorEvenForTheLastBytes() {
        Path full = Path.of("/dev/full");
        for (int count : new int[] {1, 1_000}) {
            try (IvfIndex index = IvfIndex.fromCentroids(new float[] {1, 0, 0, 1}, 2, 2)) {
                index.add(new float[2 * count], new long[count], new long[count], count);
                assertThatThrownBy(() -> index.write(full))
                        .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                                .isEqualTo(ErrorCode.RESOURCE))
                        .hasMessageContaining("/dev/full");
            }
        }
    }

    private static void assertInput(Runnable call, String message) {
        assertThatThrownBy(call::run)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(message);
    }

    private record Hits(String ids, String scores) {}

    private Hits hits(IvfIndex index, int row) {
        long[] ids = new long[K];
        float[] scores = new float[K];
        index.search(vectors.row(row), 1, K, 5, null, ids, scores);
        return new Hits(Arrays.toString(ids), Arrays.toString(scores));
    }
}
