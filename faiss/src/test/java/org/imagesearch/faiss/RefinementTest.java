package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.VectorCodec;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Codes whose best hits are compared again with a store of better vectors. */
class RefinementTest {
    private static final int COUNT = 3_000;
    private static final int DIMENSION = 48;
    private static final int NLIST = 12;
    private static final int K = 10;

    private static final Vectors VECTORS = new Vectors(4, COUNT, DIMENSION);

    @TempDir
    private static Path shared;

    private static Path file;

    @TempDir
    Path folder;

    private Path store;

    @BeforeAll
    static void writeIndex() {
        file = shared.resolve("shard.faiss");
        try (IvfIndex index = CodesTest.index(VECTORS, VectorCodec.product(12))) {
            index.write(file);
        }
    }

    @BeforeEach
    void writeStore() throws IOException {
        store = folder.resolve("shard.refine");
        writeStore(VectorCodec.FLAT, 30);
    }

    /** Scores are exact though codes are coarse, and what is missing, the codes alone missed. */
    @ParameterizedTest
    @ValueSource(strings = {"Flat", "SQfp16"})
    void hitsHaveTheScoresAndOrderOfTheBetterVectors(String codec) throws IOException {
        writeStore(VectorCodec.parse(codec), 30);
        float tolerance = codec.equals("Flat") ? 2e-6f : 5e-4f;
        int found = 0;
        int alone = 0;
        try (IvfIndex refined = IvfIndex.refined(file, store, true);
                IvfIndex codes = IvfIndex.map(file)) {
            assertThat(refined.isRefined()).isTrue();
            for (int query = 0; query < 50; query++) {
                float[] row = new Vectors(1_000 + query, 1, DIMENSION).row(0);
                long[] ids = new long[K];
                float[] scores = new float[K];
                refined.search(row, 1, K, NLIST, null, ids, scores);
                long[] nearest = VECTORS.nearest(row, K, id -> true);
                found += common(ids, nearest);
                for (int i = 0; i < K; i++) {
                    assertThat(scores[i]).isCloseTo((float) VECTORS.score(row, rowOf(ids[i])), within(tolerance));
                    assertThat(i == 0 || scores[i] <= scores[i - 1]).isTrue();
                }
                codes.search(row, 1, K, NLIST, null, ids, scores);
                alone += common(ids, nearest);
            }
        }
        assertThat(found).isGreaterThan(485).isGreaterThan(alone + 100);
    }

    /** With as many candidates as there are vectors, an index of codes is an index of floats. */
    @Test
    void comparingAllAgainFindsWhatAFlatIndexFinds() throws IOException {
        writeStore(VectorCodec.FLAT, 300);
        try (IvfIndex refined = IvfIndex.refined(file, store, true);
                IvfIndex flat = CodesTest.index(VECTORS, VectorCodec.FLAT);
                IdFilter filter = IdFilter.only(Arrays.copyOf(VECTORS.ids, 900))) {
            for (IdFilter some : new IdFilter[] {null, filter}) {
                int n = 40;
                float[] queries = new Vectors(5, n, DIMENSION).values;
                long[] ids = new long[n * K];
                float[] scores = new float[n * K];
                long[] expected = new long[n * K];
                float[] expectedScores = new float[n * K];
                flat.search(queries, n, K, 5, some, expected, expectedScores);
                refined.search(queries, n, K, 5, some, ids, scores);
                assertThat(ids).containsExactly(expected);
                for (int i = 0; i < scores.length; i++) {
                    assertThat(scores[i]).isCloseTo(expectedScores[i], within(1e-6f));
                }
            }
        }
    }

    @Test
    void boundsAreMeantForTheRefinedScores() throws IOException {
        try (IvfIndex refined = IvfIndex.refined(file, store, false)) {
            float[] row = VECTORS.row(17);
            long[] lists = LongStream.range(0, NLIST).toArray();
            float[] coarse = new float[NLIST];
            refined.assign(row, 1, NLIST, lists, coarse);
            long[] ids = new long[K];
            float[] scores = new float[K];
            refined.searchPreassigned(row, 1, K, lists, coarse, NLIST, null, null, ids, scores);
            long[] bounded = new long[K];
            float[] boundedScores = new float[K];
            refined.searchPreassigned(
                    row, 1, K, lists, coarse, NLIST, null, new float[] {scores[3]}, bounded, boundedScores);
            assertThat(Arrays.copyOf(bounded, 4)).containsExactly(Arrays.copyOf(ids, 4));
            assertThat(Arrays.copyOfRange(bounded, 4, K)).containsOnly(-1);
        }
    }

    /** Each compares as many codes again as it would alone: the result does not depend on who is searched with whom. */
    @Test
    void shardsSearchedAtOnceFindTheBestOfWhatEachFinds() throws IOException {
        try (IvfIndex refined = IvfIndex.refined(file, store, true);
                IdFilter some = IdFilter.only(Arrays.copyOf(VECTORS.ids, 1_000));
                IdFilter others = IdFilter.except(Arrays.copyOf(VECTORS.ids, 1_000))) {
            // The same file twice, each time another part of it.
            IvfShards shards = new IvfShards(List.of(refined, refined));
            for (int query = 0; query < 20; query++) {
                float[] row = new Vectors(1_000 + query, 1, DIMENSION).row(0);
                long[] lists = new long[NLIST];
                float[] coarse = new float[NLIST];
                refined.assign(row, 1, NLIST, lists, coarse);
                Map<Long, Float> each = new TreeMap<>();
                for (IdFilter filter : List.of(some, others)) {
                    long[] ids = new long[K];
                    float[] scores = new float[K];
                    refined.search(row, 1, K, NLIST, filter, ids, scores);
                    for (int i = 0; i < K; i++) {
                        each.put(ids[i], scores[i]);
                    }
                }
                long[] ids = new long[K];
                int[] shardOf = new int[K];
                float[] scores = new float[K];
                shards.search(
                        row,
                        K,
                        lists,
                        coarse,
                        new IdFilter[] {some, others},
                        Float.NEGATIVE_INFINITY,
                        ids,
                        shardOf,
                        scores);
                assertThat(LongStream.of(ids).boxed())
                        .containsExactlyElementsOf(each.entrySet().stream()
                                .sorted(Map.Entry.<Long, Float>comparingByValue()
                                        .reversed())
                                .limit(K)
                                .map(Map.Entry::getKey)
                                .toList());
                for (int i = 0; i < K; i++) {
                    assertThat(scores[i]).isEqualTo(each.get(ids[i]));
                    assertThat(shardOf[i]).isEqualTo(rowOf(ids[i]) < 1_000 ? 0 : 1);
                }
            }
            try (IvfIndex codes = IvfIndex.map(file)) {
                assertThatThrownBy(() -> new IvfShards(List.of(refined, codes))).hasMessageContaining("refined");
            }
        }
    }

    @Test
    void vectorsComeFromTheStore() throws IOException {
        try (IvfIndex refined = IvfIndex.refined(file, store, true)) {
            for (int list = 0; list < NLIST; list++) {
                long[] ids = refined.listIds(list);
                float[] all = refined.listVectors(list, 0, ids.length);
                for (int i = 0; i < ids.length; i++) {
                    assertThat(refined.vector(list, ids[i]).orElseThrow())
                            .containsExactly(VECTORS.row(rowOf(ids[i])))
                            .containsExactly(Arrays.copyOfRange(all, i * DIMENSION, (i + 1) * DIMENSION));
                }
            }
            assertThatThrownBy(() -> refined.add(VECTORS.row(0), new long[] {1}, new long[] {0}, 1))
                    .isInstanceOf(RuntimeException.class);
        }
    }

    @Test
    void storesThatAreDamagedOrOfAnotherIndexAreRefused() throws IOException {
        byte[] whole = Files.readAllBytes(store);
        for (int length : new int[] {0, 8, 63, 64, whole.length - 1, whole.length + 1}) {
            assertRefused(Arrays.copyOf(whole, length));
        }
        // Magic, version, codec, dimension, candidates, count.
        for (int place : new int[] {0, 7, 8, 11, 12, 15, 16, 18, 23, 24, 26, 31}) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] flipped = whole.clone();
                flipped[place] ^= (byte) (1 << bit);
                if (place != 20) {
                    assertRefused(flipped);
                }
            }
        }
        ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).putInt(20, 0);
        assertRefused(whole);
        Files.delete(store);
        assertThatThrownBy(() -> IvfIndex.refined(file, store, true)).hasMessageContaining(store.toString());
    }

    private void assertRefused(byte[] damaged) throws IOException {
        Files.write(store, damaged);
        assertThatThrownBy(() -> IvfIndex.refined(file, store, true).close())
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(store.toString());
    }

    private void writeStore(VectorCodec codec, int candidatesPerHit) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        RefinementFile layout = new RefinementFile(codec, DIMENSION, candidatesPerHit, COUNT);
        bytes.write(layout.header().array());
        try (IvfIndex index = IvfIndex.map(file);
                IvfIndex encoder = IvfIndex.trained(new float[DIMENSION], 1, DIMENSION, codec, new float[0], 0, 1)) {
            byte[] code = new byte[encoder.codeBytes()];
            for (int list = 0; list < NLIST; list++) {
                for (long id : index.listIds(list)) {
                    encoder.encode(VECTORS.row(rowOf(id)), 1, new long[] {0}, code);
                    bytes.write(code);
                }
            }
        }
        Files.write(store, bytes.toByteArray());
    }

    private int rowOf(long id) {
        return Arrays.binarySearch(VECTORS.ids, id);
    }

    private static int common(long[] left, long[] right) {
        return (int) LongStream.of(left)
                .filter(id -> LongStream.of(right).anyMatch(other -> other == id))
                .count();
    }
}
