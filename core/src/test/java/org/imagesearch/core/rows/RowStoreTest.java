package org.imagesearch.core.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowStoreTest {
    private static final long SEED = 7;

    @TempDir
    Path folder;

    @Test
    void everyRowIsFoundByItsIdWhateverTheOrderOfWriting() {
        List<Long> ids = write(folder.resolve("rows"), 5_000);
        try (RowStore store = RowStore.open(folder.resolve("rows"))) {
            assertThat(store.size()).isEqualTo(5_000);
            for (long id : ids) {
                assertThat(store.row(id)).contains(row(id));
                assertThat(store.list(id)).hasValue((int) (id % 97));
                assertThat(store.contains(id)).isTrue();
                assertThat(store.contains(id + 1)).isFalse();
            }
            assertThat(store.row(-1)).isEmpty();
            assertThat(store.list(Long.MAX_VALUE)).isEmpty();
            assertThat(store.rows(new long[] {ids.get(3), 1, ids.get(0)}))
                    .containsExactly(Optional.of(row(ids.get(3))), Optional.empty(), Optional.of(row(ids.get(0))));
        }
    }

    @Test
    void manySortedIdsAreFoundInOneWalk() {
        List<Long> ids = write(folder.resolve("rows"), 5_000);
        Random random = new Random(SEED);
        try (RowStore store = RowStore.open(folder.resolve("rows"))) {
            for (int round = 0; round < 50; round++) {
                long[] wanted = new long[1 + random.nextInt(300)];
                for (int i = 0; i < wanted.length; i++) {
                    wanted[i] = ids.get(random.nextInt(ids.size())) + random.nextInt(2);
                }
                wanted[0] = -3;
                wanted[wanted.length - 1] = random.nextBoolean() ? Long.MAX_VALUE : wanted[wanted.length - 1];
                Arrays.sort(wanted);
                int[] lists = store.lists(wanted);
                List<Long> seen = new ArrayList<>();
                store.forEachOf(wanted, (id, list, row) -> {
                    assertThat(RowCodec.decode(row, 0, row.length)).isEqualTo(row(id));
                    assertThat(list).isEqualTo(store.list(id).orElseThrow());
                    seen.add(id);
                });
                List<Long> expected = new ArrayList<>();
                for (int i = 0; i < wanted.length; i++) {
                    assertThat(lists[i]).isEqualTo(store.list(wanted[i]).orElse(-1));
                    if (store.contains(wanted[i])) {
                        expected.add(wanted[i]);
                    }
                }
                assertThat(seen).isEqualTo(expected);
            }
        }
    }

    @Test
    void aStoreIsOneCompoundSegmentWithNothingElseInTheFolder() {
        Path path = folder.resolve("rows");
        try (RowStoreWriter writer = new RowStoreWriter(path)) {
            writer.add(1, 0, row(1));
            assertThat(writer.finish()).hasSize(4).allMatch(name -> name.matches("_\\w+\\.(cfe|cfs|si)|segments_\\w+"));
        }
    }

    @Test
    void anEmptyStoreOpensAndHoldsNothing() {
        try (RowStoreWriter writer = new RowStoreWriter(folder.resolve("rows"))) {
            writer.finish();
        }
        try (RowStore store = RowStore.open(folder.resolve("rows"))) {
            assertThat(store.size()).isZero();
            assertThat(store.contains(0)).isFalse();
        }
    }

    @Test
    void anIdThatComesTwiceIsRefusedByNumber() {
        try (RowStoreWriter writer = new RowStoreWriter(folder.resolve("rows"))) {
            writer.add(41, 0, row(41));
            writer.add(42, 0, row(42));
            writer.add(41, 1, row(41));
            assertThatThrownBy(writer::finish)
                    .isInstanceOf(ImageSearchException.class)
                    .hasMessageContaining("id 41")
                    .hasMessageContaining("twice");
        }
    }

    @Test
    void aDamagedOrMissingStoreIsNamed() throws IOException {
        Path path = folder.resolve("rows");
        assertThatThrownBy(() -> RowStore.open(path))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(path.toString());
        write(path, 300);
        Path data;
        try (var files = Files.list(path)) {
            data = files.filter(file -> file.toString().endsWith(".cfs"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(data);
        Files.write(data, Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> RowStore.open(path))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(path.toString());
    }

    @Test
    void aStoreThatWasNotFinishedIsNoStore() {
        Path path = folder.resolve("rows");
        try (RowStoreWriter writer = new RowStoreWriter(path)) {
            writer.add(1, 0, row(1));
        }
        assertThatThrownBy(() -> RowStore.open(path)).isInstanceOf(ImageSearchException.class);
    }

    @Test
    void aFolderWithFilesInItIsNotWrittenTo() throws IOException {
        Files.writeString(folder.resolve("mine.txt"), "mine");
        assertThatThrownBy(() -> new RowStoreWriter(folder)).hasMessageContaining("not empty");
    }

    @Test
    void aClosedStoreSaysSo() {
        write(folder.resolve("rows"), 10);
        RowStore store = RowStore.open(folder.resolve("rows"));
        store.close();
        assertThatThrownBy(() -> store.row(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void manyThreadsReadTheSameStore() throws Exception {
        List<Long> ids = write(folder.resolve("rows"), 2_000);
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try (RowStore store = RowStore.open(folder.resolve("rows"))) {
            Callable<Boolean> all =
                    () -> ids.stream().allMatch(id -> store.row(id).equals(Optional.of(row(id))));
            List<Future<Boolean>> results = pool.invokeAll(Collections.nCopies(4, all));
            for (Future<Boolean> result : results) {
                assertThat(result.get()).isTrue();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void rowsOfOtherVersionsAndBrokenRowsAreRefused() {
        byte[] bytes = RowCodec.encode(1, row(3));
        assertThat(RowCodec.decode(bytes, 0, bytes.length)).isEqualTo(row(3));
        assertThatThrownBy(() -> RowCodec.decode(bytes, 0, bytes.length - 1)).isInstanceOf(ImageSearchException.class);
        bytes[0] = 9;
        assertThatThrownBy(() -> RowCodec.decode(bytes, 0, bytes.length)).hasMessageContaining("version 9");
        ImageRow odd = new ImageRow("u", 1, 1, Optional.empty(), Map.of("shape", new int[0]));
        assertThatThrownBy(() -> RowCodec.encode(17, odd))
                .hasMessageContaining("shape")
                .hasMessageContaining("17");
    }

    /** Ids with gaps of at least two, in random order. */
    private static List<Long> write(Path path, int count) {
        List<Long> ids = new ArrayList<>();
        Random random = new Random(SEED);
        long id = 100;
        for (int i = 0; i < count; i++) {
            id += 2 + random.nextInt(1000);
            ids.add(id);
        }
        Collections.shuffle(ids, random);
        try (RowStoreWriter writer = new RowStoreWriter(path)) {
            ids.forEach(each -> writer.add(each, (int) (each % 97), row(each)));
            writer.finish();
        }
        return ids;
    }

    private static ImageRow row(long id) {
        Optional<String> caption = id % 3 == 0 ? Optional.empty() : Optional.of("ハンバーガー " + id);
        Map<String, Object> extra = id % 2 == 0
                ? Map.of()
                : Map.of("licence", "CC0", "likes", (int) id, "at", id, "score", 0.5f, "ratio", 1.5, "good", true);
        return new ImageRow("s3a://bucket/" + id + ".jpg", (int) (id % 4000), 300, caption, extra);
    }
}
