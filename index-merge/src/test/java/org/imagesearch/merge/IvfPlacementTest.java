package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.RefinementFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IvfPlacementTest {
    private static final long SEED = 3;
    private static final int DIMENSION = 6;
    private static final int NLIST = 50;
    private static final int COUNT = 2_000;
    private static final byte[] NO_REFINEMENT = {};

    @TempDir
    Path folder;

    private Path trained;
    private final float[] vectors = new float[COUNT * DIMENSION];
    private final long[] lists = new long[COUNT];
    private final long[] ids = new long[COUNT];
    private final long[] sizes = new long[NLIST];

    @BeforeEach
    void make() {
        Random random = new Random(SEED);
        for (int i = 0; i < vectors.length; i++) {
            vectors[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < COUNT; i++) {
            // Some lists stay empty.
            lists[i] = Math.min(NLIST - 3, (int) Math.abs(random.nextGaussian() * 15));
            ids[i] = 7L * i;
            sizes[(int) lists[i]]++;
        }
        trained = folder.resolve("trained.faiss");
        try (IvfIndex index = IvfIndex.fromCentroids(new float[NLIST * DIMENSION], NLIST, DIMENSION)) {
            index.write(trained);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 400, 5_000, 1 << 20})
    void faissReadsTheListsInTheOrderOfAddingWhateverTheBuffer(int bufferBytes) throws IOException {
        Path file = folder.resolve("shard.faiss");
        byte[] codes = codes();
        try (IvfPlacement placement =
                new IvfPlacement(file, IvfHead.of(trained), sizes, Optional.empty(), bufferBytes)) {
            for (int i = 0; i < COUNT; i++) {
                placement.add((int) lists[i], ids[i], codes, NO_REFINEMENT, i);
            }
            placement.finish();
        }
        try (IvfIndex expected = IvfIndex.read(trained);
                IvfIndex found = IvfIndex.read(file)) {
            expected.add(vectors, ids, lists, COUNT);
            assertThat(found.size()).isEqualTo(COUNT);
            for (int list = 0; list < NLIST; list++) {
                assertThat(found.listIds(list)).isEqualTo(expected.listIds(list));
                int size = (int) expected.listSize(list);
                assertThat(found.listVectors(list, 0, size)).isEqualTo(expected.listVectors(list, 0, size));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 400, 1 << 20})
    void theRefinementStoreHoldsTheVectorsInTheOrderOfTheLists(int bufferBytes) throws IOException {
        Path file = folder.resolve("shard.faiss");
        Path store = folder.resolve("shard.refine");
        RefinementFile layout = new RefinementFile(VectorCodec.FLAT, DIMENSION, 4, 0);
        byte[] codes = codes();
        try (IvfPlacement placement = new IvfPlacement(
                file,
                IvfHead.of(trained),
                sizes,
                Optional.of(new IvfPlacement.Refinement(store, layout)),
                bufferBytes)) {
            for (int i = 0; i < COUNT; i++) {
                placement.add((int) lists[i], ids[i], codes, codes, i);
            }
            placement.finish();
        }
        assertThat(RefinementFile.read(store)).isEqualTo(new RefinementFile(VectorCodec.FLAT, DIMENSION, 4, COUNT));
        try (IvfIndex found = IvfIndex.read(file)) {
            ByteBuffer stored = ByteBuffer.wrap(Files.readAllBytes(store))
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .position(RefinementFile.HEADER_BYTES);
            for (int list = 0; list < NLIST; list++) {
                for (float expected : found.listVectors(list, 0, (int) found.listSize(list))) {
                    assertThat(stored.getFloat()).isEqualTo(expected);
                }
            }
            assertThat(stored.hasRemaining()).isFalse();
        }
    }

    @Test
    void theFastEncoderOfFlatIndexesGivesFaisssBytes() throws IOException {
        byte[] expected = new byte[COUNT * DIMENSION * Float.BYTES];
        try (VectorEncoder faiss = VectorEncoder.faiss(trained, DIMENSION)) {
            faiss.encode(vectors, COUNT, lists, expected);
        }
        assertThat(codes()).isEqualTo(expected);
    }

    @Test
    void listsThatGetOtherCountsThanAnnouncedAreRefused() throws IOException {
        byte[] codes = codes();
        long[] announced = new long[NLIST];
        announced[0] = 1;
        try (IvfPlacement placement =
                new IvfPlacement(folder.resolve("a"), IvfHead.of(trained), announced, Optional.empty(), 1 << 20)) {
            assertThatThrownBy(placement::finish).hasMessageContaining("list 0 got 0 vectors, expected 1");
        }
        try (IvfPlacement placement =
                new IvfPlacement(folder.resolve("b"), IvfHead.of(trained), announced, Optional.empty(), 1 << 20)) {
            placement.add(0, 1, codes, NO_REFINEMENT, 0);
            placement.add(0, 2, codes, NO_REFINEMENT, 0);
            assertThatThrownBy(placement::finish).hasMessageContaining("more than 1");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 3, 1 << 20})
    void assignedListsComeBackInOrderFromMemoryOrFromAFileThatIsRemoved(long memory) throws IOException {
        Path file = folder.resolve("lists.tmp");
        int count = 40_000;
        try (AssignedLists assigned = AssignedLists.create(count + 10, memory, file)) {
            assertThat(assigned.isSpilled()).isEqualTo(memory < count);
            for (int i = 0; i < count; i++) {
                assigned.add(i % 11 == 0 ? AssignedLists.NONE : i);
            }
            assigned.rewind();
            for (int i = 0; i < count; i++) {
                assertThat(assigned.next()).isEqualTo(i % 11 == 0 ? AssignedLists.NONE : i);
            }
            assertThat(Files.exists(file)).isEqualTo(memory < count);
        }
        assertThat(file).doesNotExist();
    }

    @Test
    void sharesOfTheMemoryStayWithinIt() {
        for (long bytes : new long[] {64 << 10, 1 << 20, 64 << 20, 8L << 30}) {
            for (long shard : new long[] {0, 1 << 20, 500L << 20, 4L << 40}) {
                BuildMemory memory = new BuildMemory(bytes);
                long block = (long) memory.batch(2048, 512, 2048) * (2 * 2048 + 32);
                assertThat(Math.max(block, 4128) + memory.placing(shard) + memory.lists() + memory.rows())
                        .isLessThanOrEqualTo(bytes);
            }
        }
        BuildMemory memory = new BuildMemory(64 << 20);
        assertThat(memory.placing(514L << 20)).isEqualTo((int) ((514L << 20) / 64));
    }

    private byte[] codes() throws IOException {
        byte[] codes = new byte[COUNT * DIMENSION * Float.BYTES];
        try (VectorEncoder encoder = VectorEncoder.of(trained, DIMENSION)) {
            encoder.encode(vectors, COUNT, lists, codes);
        }
        return codes;
    }
}
