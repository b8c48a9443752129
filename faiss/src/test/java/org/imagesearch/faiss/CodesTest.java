package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.faiss.binding.FaissCalls;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Indexes of codes: what they stand for, and scores by every instruction set, held to sums in double precision. */
class CodesTest {
    private static final int COUNT = 400;
    private static final int NLIST = 12;
    private static final float TOLERANCE = 2e-6f;

    /** Of weights of 16 bits, for one dimension. */
    private static final double BYTES_TOLERANCE = 8e-4;

    private final String before = FaissLibrary.instructionSet();

    @TempDir
    Path folder;

    @AfterEach
    void restore() {
        FaissCalls.useInstructionSet(before);
    }

    static Stream<String> instructionSets() {
        return ScanTest.instructionSets();
    }

    @ParameterizedTest
    @MethodSource("instructionSets")
    void scoresAreThoseOfWhatTheCodesStandFor(String set) {
        FaissCalls.useInstructionSet(set);
        for (int dimension : new int[] {1, 2, 7, 8, 15, 17, 31, 33, 63, 64, 65, 127, 300, 512, 1030}) {
            Vectors vectors = new Vectors(dimension, COUNT, dimension);
            for (VectorCodec codec : codecs(dimension)) {
                Path file = folder.resolve(dimension + "-" + codec);
                try (IvfIndex index = index(vectors, codec)) {
                    index.write(file);
                    // Mapped, the lists of a file stand at odd addresses.
                    try (IvfIndex mapped = IvfIndex.map(file);
                            IvfIndex read = IvfIndex.read(file)) {
                        for (IvfIndex some : List.of(index, mapped, read)) {
                            requireScoresOfDecoded(some, codec, new Vectors(99, 3, dimension));
                        }
                    }
                }
            }
        }
    }

    private static void requireScoresOfDecoded(IvfIndex index, VectorCodec codec, Vectors queries) {
        int k = COUNT + 3;
        float tolerance =
                codec.equals(VectorCodec.BYTES) ? (float) (BYTES_TOLERANCE / Math.sqrt(queries.dimension)) : TOLERANCE;
        for (int query = 0; query < queries.count; query++) {
            long[] ids = new long[k];
            float[] scores = new float[k];
            float[] row = queries.row(query);
            index.search(row, 1, k, NLIST, null, ids, scores);
            assertThat(ids).as("%s: missing hits", codec).endsWith(-1, -1, -1);
            for (int list = 0; list < NLIST; list++) {
                long[] stored = index.listIds(list);
                float[] decoded = index.listVectors(list, 0, stored.length);
                for (int i = 0; i < stored.length; i++) {
                    double expected = 0;
                    for (int j = 0; j < queries.dimension; j++) {
                        expected += (double) row[j] * decoded[i * queries.dimension + j];
                    }
                    int place = indexOf(ids, stored[i]);
                    assertThat(scores[place])
                            .as(
                                    "%s, %d dimensions, list %d, place %d of %d",
                                    codec, queries.dimension, list, i, stored.length)
                            .isCloseTo((float) expected, within(tolerance));
                }
            }
        }
    }

    /** The sums are whole numbers: what one machine ranks first, every machine does. */
    @Test
    void bytesScoreTheSameBitsByEveryInstructionSet() {
        Vectors vectors = new Vectors(3, COUNT, 130);
        try (IvfIndex index = index(vectors, VectorCodec.BYTES)) {
            List<float[]> found = new ArrayList<>();
            instructionSets().forEach(set -> {
                FaissCalls.useInstructionSet(set);
                float[] scores = new float[COUNT];
                long[] lists = IntStream.range(0, NLIST).asLongStream().toArray();
                index.searchPreassigned(
                        vectors.row(0), 1, COUNT, lists, new float[NLIST], NLIST, null, null, new long[COUNT], scores);
                found.add(scores);
            });
            assertThat(found).allSatisfy(scores -> assertThat(scores).containsExactly(found.get(0)));
        }
    }

    @ParameterizedTest
    @CsvSource({"Flat, 0.999999", "SQfp16, 0.99999", "SQ8, 0.9999", "PQ16, 0.9"})
    void whatCodesStandForIsNearTheVectors(String name, double least) {
        VectorCodec codec = VectorCodec.parse(name);
        Vectors vectors = new Vectors(8, 2_000, 64);
        try (IvfIndex index = index(vectors, codec)) {
            assertThat(index.codeBytes()).isEqualTo(codec.bytesPerVector(64));
            for (int list = 0; list < NLIST; list++) {
                for (long id : index.listIds(list)) {
                    int row = indexOf(vectors.ids, id);
                    float[] decoded = index.vector(list, id).orElseThrow();
                    double squares = 0;
                    for (float value : decoded) {
                        squares += value * value;
                    }
                    assertThat(vectors.score(decoded, row) / Math.sqrt(squares))
                            .as("cosine of id %d", id)
                            .isGreaterThan(least);
                }
            }
        }
    }

    @Test
    void encodingGivesTheCodesThatAddingStores() throws Exception {
        Vectors vectors = new Vectors(8, 600, 32);
        for (VectorCodec codec : codecs(32)) {
            try (IvfIndex index = index(vectors, codec)) {
                byte[] codes = new byte[600 * index.codeBytes()];
                long[] lists = new long[600];
                index.assign(vectors.values, 600, 1, lists, new float[600]);
                index.encode(vectors.values, 600, lists, codes);
                Path file = folder.resolve("codes-" + codec);
                index.write(file);
                byte[] written = Files.readAllBytes(file);
                int at = written.length;
                for (int list = NLIST - 1; list >= 0; list--) {
                    long[] ids = index.listIds(list);
                    at -= ids.length * (Long.BYTES + index.codeBytes());
                    for (int i = 0; i < ids.length; i++) {
                        int row = indexOf(vectors.ids, ids[i]);
                        int from = at + i * index.codeBytes();
                        assertThat(Arrays.copyOfRange(written, from, from + index.codeBytes()))
                                .as("%s, id %d", codec, ids[i])
                                .containsExactly(Arrays.copyOfRange(
                                        codes, row * index.codeBytes(), (row + 1) * index.codeBytes()));
                    }
                }
            }
        }
    }

    @Test
    void whatCannotBeTrainedIsRefused() {
        Vectors vectors = new Vectors(8, 255, 32);
        float[] centroids = Arrays.copyOf(vectors.values, 32 * NLIST);
        assertRefused(
                () -> IvfIndex.trained(centroids, NLIST, 32, VectorCodec.product(8), vectors.values, 255, 1), "256");
        assertRefused(
                () -> IvfIndex.trained(centroids, NLIST, 32, VectorCodec.product(5), vectors.values, 255, 1), "PQ5");
        assertRefused(() -> IvfIndex.trained(centroids, NLIST, 32, VectorCodec.BYTES, new float[0], 0, 1), "SQ8");
        assertRefused(
                () -> IvfIndex.trained(centroids, NLIST, 32, VectorCodec.BYTES, vectors.values, 256, 1),
                "training vectors");
    }

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(message);
    }

    /** Of product quantizers the one with the most parts: more than eight of them, where the dimension has such a divisor. */
    private static List<VectorCodec> codecs(int dimension) {
        int parts = IntStream.of(103, 32, 13, 8, 1)
                .filter(bytes -> dimension % bytes == 0)
                .findFirst()
                .orElseThrow();
        return List.of(VectorCodec.FLAT, VectorCodec.HALF, VectorCodec.BYTES, VectorCodec.product(parts));
    }

    static IvfIndex index(Vectors vectors, VectorCodec codec) {
        float[] centroids = Arrays.copyOf(vectors.values, NLIST * vectors.dimension);
        IvfIndex index = IvfIndex.trained(centroids, NLIST, vectors.dimension, codec, vectors.values, vectors.count, 1);
        vectors.addTo(index);
        return index;
    }

    private static int indexOf(long[] values, long value) {
        for (int i = 0; i < values.length; i++) {
            if (values[i] == value) {
                return i;
            }
        }
        throw new AssertionError("no " + value);
    }
}
