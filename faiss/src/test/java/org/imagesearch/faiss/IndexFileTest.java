package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.VectorCodec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IndexFileTest {
    private static final int DIMENSION = 8;
    private static final int NLIST = 64;

    @TempDir
    Path folder;

    private Path file;
    private byte[] bytes;

    @BeforeEach
    void writeAnIndex() throws IOException {
        file = folder.resolve("shard.faiss");
        Vectors vectors = new Vectors(2, 500, DIMENSION);
        try (IvfIndex index = vectors.index(NLIST)) {
            index.write(file);
        }
        bytes = Files.readAllBytes(file);
    }

    @Test
    void aFileShortByAnyAmountIsRefused() throws IOException {
        Random random = new Random(1);
        for (int i = 0; i < 200; i++) {
            int length = i < 60 ? i : random.nextInt(bytes.length);
            Files.write(file, Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> IvfIndex.map(file))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining(file.toString());
        }
    }

    @Test
    void whatWasReadCanBeAddedToAndWrittenAgain() throws IOException {
        Path copy = folder.resolve("copy.faiss");
        try (IvfIndex index = IvfIndex.read(file)) {
            index.write(copy);
            assertThat(Files.readAllBytes(copy)).isEqualTo(bytes);
        }
        try (IvfIndex index = IvfIndex.read(copy)) {
            long before = index.size();
            long inList = index.listSize(3);
            index.add(new float[DIMENSION], new long[] {77_777}, new long[] {3}, 1);
            assertThat(index.size()).isEqualTo(before + 1);
            assertThat(index.listIds(3)).hasSize((int) inList + 1).endsWith(77_777);
            Files.delete(copy);
            index.write(copy);
        }
        try (IvfIndex index = IvfIndex.map(copy)) {
            assertThat(index.listIds(3)).endsWith(77_777);
        }
    }

    @Test
    void bytesAfterTheEndAreRefused() throws IOException {
        Files.write(file, Arrays.copyOf(bytes, bytes.length + 1));
        assertThatThrownBy(() -> IvfIndex.read(file)).hasMessageContaining("length");
    }

    @Test
    void flippedBitsAreRefusedOrChangeOnlyVectors() throws IOException {
        long seed = 20261124;
        Random random = new Random(seed);
        float[] query = new float[DIMENSION];
        query[0] = 1;
        for (int i = 0; i < 400; i++) {
            byte[] flipped = bytes.clone();
            flipped[random.nextInt(i % 2 == 0 ? 120 : bytes.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, flipped);
            try (IvfIndex index = i % 3 == 0 ? IvfIndex.map(file) : IvfIndex.read(file)) {
                index.search(query, 1, 5, NLIST, null, new long[5], new float[5]);
            } catch (ImageSearchException e) {
                assertThat(e.code()).as("seed %d, flip %d", seed, i).isEqualTo(ErrorCode.DATA);
            }
        }
    }

    /** Sizes whose sum overflows, and pairs that Faiss would read past their end or count twice. */
    @Test
    void sizesThatOnlySeemToAddUpAreRefused() throws IOException {
        int sizes = indexOf(bytes, "full") + 4 + Long.BYTES;
        byte[] overflowing = bytes.clone();
        ByteBuffer at = ByteBuffer.wrap(overflowing).order(ByteOrder.LITTLE_ENDIAN);
        at.putLong(sizes, Long.MAX_VALUE).putLong(sizes + 8, Long.MAX_VALUE).putLong(sizes + 16, 2 + 500);
        for (int i = 3; i < NLIST; i++) {
            at.putLong(sizes + 8 * i, 0);
        }
        byte[] sparse = Files.readAllBytes(writeSparse(3, 9));
        assertRefused(overflowing, "vectors in the lists");
        int pairs = indexOf(sparse, "sprs") + 4;
        assertRefused(with(sparse, pairs, 3), "list sizes without a list");
        assertRefused(with(sparse, pairs + 8, 9), "number of a list");
        assertRefused(with(sparse, pairs + 24, 3), "number of a list");
        assertRefused(with(sparse, pairs + 24, NLIST), "number of a list");
        assertRefused(with(sparse, pairs + 16, -1), "vectors in the lists");
    }

    @Test
    void flippedBitsInASparseFileAreRefusedOrChangeOnlyVectors() throws IOException {
        byte[] sparse = Files.readAllBytes(writeSparse(3, 9));
        int from = indexOf(sparse, "ilar");
        float[] query = new float[DIMENSION];
        query[0] = 1;
        for (int bit = 8 * from; bit < 8 * sparse.length; bit++) {
            byte[] flipped = sparse.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            Files.write(file, flipped);
            try (IvfIndex index = bit % 2 == 0 ? IvfIndex.map(file) : IvfIndex.read(file)) {
                index.search(query, 1, 5, NLIST, null, new long[5], new float[5]);
            } catch (ImageSearchException e) {
                assertThat(e.code()).as("bit %d", bit).isEqualTo(ErrorCode.DATA);
            }
        }
    }

    /** Every byte in front of the lists, and lengths cut at will, of every kind of code. */
    @ParameterizedTest
    @ValueSource(strings = {"SQfp16", "SQ8", "PQ4"})
    void damagedFilesOfCodesAreRefusedOrChangeOnlyVectors(String codec) throws IOException {
        Vectors vectors = new Vectors(2, 300, DIMENSION);
        try (IvfIndex index = CodesTest.index(vectors, VectorCodec.parse(codec))) {
            index.write(file);
        }
        byte[] whole = Files.readAllBytes(file);
        Random random = new Random(3);
        for (int i = 0; i < 100; i++) {
            Files.write(file, Arrays.copyOf(whole, i < 20 ? i : random.nextInt(whole.length)));
            assertThatThrownBy(() -> IvfIndex.map(file))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining(file.toString());
        }
        float[] query = new float[DIMENSION];
        query[0] = 1;
        int lists = indexOf(whole, "ilar");
        for (int i = 0; i < 600; i++) {
            byte[] flipped = whole.clone();
            // What describes the codes stands between the centroids and the lists.
            int place = i % 2 == 0 ? lists - 1 - random.nextInt(Math.min(lists, 200)) : random.nextInt(whole.length);
            flipped[place] ^= (byte) (1 << random.nextInt(8));
            Files.write(file, flipped);
            try (IvfIndex index = i % 3 == 0 ? IvfIndex.map(file) : IvfIndex.read(file)) {
                index.search(query, 1, 5, index.nlist(), null, new long[5], new float[5]);
            } catch (ImageSearchException e) {
                assertThat(e.code()).as("flip %d at %d", i, place).isEqualTo(ErrorCode.DATA);
            }
        }
    }

    private void assertRefused(byte[] damaged, String message) throws IOException {
        Files.write(file, damaged);
        assertThatThrownBy(() -> IvfIndex.map(file))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    private static byte[] with(byte[] bytes, int at, long value) {
        byte[] changed = bytes.clone();
        ByteBuffer.wrap(changed).order(ByteOrder.LITTLE_ENDIAN).putLong(at, value);
        return changed;
    }

    private static int indexOf(byte[] bytes, String tag) {
        return new String(bytes, StandardCharsets.ISO_8859_1).indexOf(tag);
    }

    /** An index with one vector in each of some lists. */
    private Path writeSparse(long... lists) {
        Path sparse = folder.resolve("sparse.faiss");
        try (IvfIndex index = IvfIndex.read(file);
                IvfIndex almostEmpty = IvfIndex.fromCentroids(index.centroids(), NLIST, DIMENSION)) {
            for (long list : lists) {
                almostEmpty.add(index.listVectors(0, 0, 1), new long[] {5}, new long[] {list}, 1);
            }
            almostEmpty.write(sparse);
        }
        return sparse;
    }

    @Test
    void fewListsInUseAreStoredSparselyAndReadBack() throws IOException {
        Path sparse = writeSparse(3);
        assertThat(new String(Files.readAllBytes(sparse), StandardCharsets.ISO_8859_1))
                .contains("sprs");
        try (IvfIndex index = IvfIndex.map(sparse)) {
            assertThat(index.size()).isEqualTo(1);
            assertThat(index.listIds(3)).containsExactly(5);
        }
    }

    @Test
    void missingFilesAndFoldersAreNamed() {
        assertThatThrownBy(() -> IvfIndex.read(folder.resolve("absent.faiss"))).hasMessageContaining("absent");
        assertThatThrownBy(() -> IvfIndex.read(folder)).hasMessageContaining(folder.toString());
    }
}
