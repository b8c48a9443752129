package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Collections;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NearestCentroidsTest {
    private static final double TIE = 1e-6;

    private String best;

    @BeforeAll
    static void load() {
        FaissLibrary.require();
    }

    @BeforeEach
    void rememberTheBestInstructions() {
        best = FaissCalls.instructionSet();
    }

    @AfterEach
    void goBackToThem() {
        FaissCalls.useInstructionSet(best);
    }

    /** Those that this processor has. */
    static String[] instructionSets() {
        String[] all = {"portable", "avx2", "avx512"};
        int best = Arrays.asList(all).indexOf(FaissCalls.instructionSet());
        return Arrays.copyOf(all, best + 1);
    }

    /** Around directions, as pictures lie: projections leave few centroids to compare. */
    @ParameterizedTest
    @MethodSource("instructionSets")
    void findsTheNearestOfClusteredVectors(String instructions) {
        FaissCalls.useInstructionSet(instructions);
        requireNearest(new Vectors(1, 300, 512), clusteredCentroids(700, 512), 700);
    }

    /** Without any structure: projections are of no use, and every bound lets through what it must. */
    @ParameterizedTest
    @MethodSource("instructionSets")
    void findsTheNearestOfVectorsWithoutStructure(String instructions) {
        FaissCalls.useInstructionSet(instructions);
        Random random = new Random(5);
        float[] vectors = normals(random, 300 * 300);
        requireNearest(vectors, 300, normals(random, 600 * 300), 600, 300);
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,7", "2,3", "63,17", "64,16", "65,33", "130,5", "257,256", "300,257", "511,270"})
    void findsTheNearestWhateverTheNumbers(int nlist, int dimension) {
        for (String instructions : instructionSets()) {
            FaissCalls.useInstructionSet(instructions);
            Random random = new Random(nlist);
            float[] vectors = normals(random, 101 * dimension);
            requireNearest(vectors, 101, normals(random, nlist * dimension), nlist, dimension);
        }
    }

    /** One coordinate a thousand times the others: 8 bits say little of the rest. */
    @ParameterizedTest
    @MethodSource("instructionSets")
    void findsTheNearestWhereOneCoordinateOutshinesTheOthers(String instructions) {
        FaissCalls.useInstructionSet(instructions);
        Random random = new Random(8);
        float[] vectors = normals(random, 200 * 48);
        float[] centroids = normals(random, 300 * 48);
        for (int i = 0; i < 200; i++) {
            vectors[i * 48 + 5] = 1000;
        }
        for (int i = 0; i < 300; i++) {
            centroids[i * 48 + 5] = i % 2 == 0 ? 3 : -3;
        }
        requireNearest(vectors, 200, centroids, 300, 48);
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void ofEqualCentroidsTheFirstIsTaken(String instructions) {
        FaissCalls.useInstructionSet(instructions);
        Vectors some = new Vectors(4, 40, 384);
        float[] centroids = new float[320 * 384];
        for (int i = 0; i < 320; i++) {
            System.arraycopy(some.values, i % 40 * 384, centroids, i * 384, 384);
        }
        try (NearestCentroids nearest = NearestCentroids.of(centroids, 320, 384)) {
            long[] lists = new long[40];
            nearest.assign(some.values, 40, lists, new float[40]);
            assertThat(lists)
                    .containsExactly(IntStream.range(0, 40).asLongStream().toArray());
        }
    }

    @Test
    void aGuessChangesNothing() {
        Vectors vectors = new Vectors(1, 500, 320);
        float[] centroids = clusteredCentroids(400, 320);
        try (NearestCentroids nearest = NearestCentroids.of(centroids, 400, 320)) {
            long[] lists = new long[500];
            float[] scores = new float[500];
            nearest.assign(vectors.values, 500, lists, scores);
            long[] guessed = new Random(1).longs(500, 0, 400).toArray();
            float[] guessedScores = new float[500];
            nearest.assign(vectors.values, 0, 500, true, guessed, guessedScores);
            assertThat(guessed).containsExactly(lists);
            assertThat(guessedScores).containsExactly(scores);
        }
    }

    @Test
    void partsOfAnArrayStayInTheirPlaces() {
        Vectors vectors = new Vectors(1, 500, 320);
        try (NearestCentroids nearest = NearestCentroids.of(clusteredCentroids(400, 320), 400, 320)) {
            long[] whole = new long[500];
            nearest.assign(vectors.values, 500, whole, new float[500]);
            long[] part = new long[500];
            float[] scores = new float[500];
            nearest.assign(vectors.values, 123, 250, false, part, scores);
            assertThat(Arrays.copyOfRange(part, 123, 373)).containsExactly(Arrays.copyOfRange(whole, 123, 373));
            assertThat(Arrays.copyOfRange(part, 0, 123)).containsOnly(0);
            assertThat(scores[373]).isZero();
        }
    }

    @Test
    void manyThreadsFindWhatOneFinds() throws Exception {
        Vectors vectors = new Vectors(1, 3_000, 320);
        ExecutorService executor = Executors.newFixedThreadPool(4);
        try (NearestCentroids nearest = NearestCentroids.of(clusteredCentroids(400, 320), 400, 320)) {
            Callable<long[]> search = () -> {
                long[] lists = new long[3_000];
                nearest.assign(vectors.values, 3_000, lists, new float[3_000]);
                return lists;
            };
            long[] alone = search.call();
            for (Future<long[]> beside : executor.invokeAll(Collections.nCopies(8, search))) {
                assertThat(beside.get()).containsExactly(alone);
            }
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void zeroVectorsAreInTheFirstList() {
        try (NearestCentroids nearest = NearestCentroids.of(clusteredCentroids(300, 256), 300, 256)) {
            long[] lists = {9, 9};
            float[] scores = {9, 9};
            nearest.assign(new float[2 * 256], 2, lists, scores);
            assertThat(lists).containsOnly(0);
            assertThat(scores).containsOnly(0);
            nearest.assign(new float[0], 0, new long[0], new float[0]);
        }
    }

    @Test
    void numbersThatAreNoneAreADataError() {
        float[] centroids = clusteredCentroids(300, 256);
        try (NearestCentroids nearest = NearestCentroids.of(centroids, 300, 256)) {
            for (float none : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                float[] vectors = new float[200 * 256];
                vectors[150 * 256 + 3] = none;
                assertRefused(
                        ErrorCode.DATA,
                        "vector 150",
                        () -> nearest.assign(vectors, 200, new long[200], new float[200]));
            }
        }
        centroids[299 * 256] = Float.NaN;
        assertRefused(ErrorCode.DATA, "centroid 299", () -> NearestCentroids.of(centroids, 300, 256));
    }

    @Test
    void shortArraysAreRefused() {
        assertRefused(ErrorCode.INPUT, "centroids", () -> NearestCentroids.of(new float[7], 2, 4));
        assertRefused(ErrorCode.INPUT, "nlist", () -> NearestCentroids.of(new float[7], 0, 4));
        try (NearestCentroids nearest = NearestCentroids.of(new float[8], 2, 4)) {
            assertRefused(ErrorCode.INPUT, "vectors", () -> nearest.assign(new float[7], 2, new long[2], new float[2]));
            assertRefused(ErrorCode.INPUT, "lists", () -> nearest.assign(new float[8], 2, new long[1], new float[2]));
            assertRefused(ErrorCode.INPUT, "scores", () -> nearest.assign(new float[8], 2, new long[2], new float[1]));
        }
    }

    private static void assertRefused(
            ErrorCode code, String part, org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(code))
                .hasMessageContaining(part);
    }

    /** Centroids that lie as the vectors of {@link Vectors} with seed 1 do. */
    private static float[] clusteredCentroids(int nlist, int dimension) {
        return Arrays.copyOfRange(
                new Vectors(1, 500 + nlist, dimension).values, 500 * dimension, (500 + nlist) * dimension);
    }

    private static float[] normals(Random random, int count) {
        float[] out = new float[count];
        for (int i = 0; i < count; i++) {
            out[i] = (float) random.nextGaussian();
        }
        return out;
    }

    private static void requireNearest(Vectors vectors, float[] centroids, int nlist) {
        requireNearest(vectors.values, vectors.count, centroids, nlist, vectors.dimension);
    }

    /** Compares with brute force in double. */
    private static void requireNearest(float[] vectors, int n, float[] centroids, int nlist, int dimension) {
        long[] lists = new long[n];
        float[] scores = new float[n];
        try (NearestCentroids nearest = NearestCentroids.of(centroids, nlist, dimension)) {
            // The ways of bounding are tried in turn, one block each.
            for (int time = 0; time < 4; time++) {
                nearest.assign(vectors, n, lists, scores);
            }
        }
        for (int i = 0; i < n; i++) {
            double most = Double.NEGATIVE_INFINITY;
            for (int list = 0; list < nlist; list++) {
                most = Math.max(most, product(vectors, i, centroids, list, dimension));
            }
            double length = Math.max(1, Math.abs(most));
            double found = product(vectors, i, centroids, Math.toIntExact(lists[i]), dimension);
            assertThat(found).as("vector %d, list %d", i, lists[i]).isCloseTo(most, within(TIE * 10 * length));
            assertThat((double) scores[i]).isCloseTo(found, within(TIE * 10 * length));
        }
    }

    private static double product(float[] a, int i, float[] b, int j, int dimension) {
        double sum = 0;
        for (int at = 0; at < dimension; at++) {
            sum += (double) a[i * dimension + at] * b[j * dimension + at];
        }
        return sum;
    }
}
