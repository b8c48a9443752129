package org.imagesearch.core.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.imagesearch.core.Checksums;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IndexDirectoryTest {
    private static final Fingerprint MODEL = new Fingerprint("sha256:" + "0123456789abcdef".repeat(4));

    @TempDir
    Path root;

    @Test
    void aManifestSurvivesTheDisk() throws IOException {
        IndexManifest manifest = manifest(List.of(
                new RecallPoint(1, 0.01, 0.6, Optional.of(0.5)), new RecallPoint(8, 0.08, 0.97, Optional.of(0.93))));
        publish(manifest);
        IndexDirectory directory = new IndexDirectory(root);
        assertThat(directory.currentGeneration()).isEqualTo("gen-000001");
        assertThat(directory.readManifest("gen-000001")).isEqualTo(manifest);
    }

    @Test
    void aRecallIsTurnedIntoTheLeastNprobeThatServesWordsAndPictures() {
        IndexManifest manifest = manifest(List.of(
                new RecallPoint(1, 0.01, 0.6, Optional.of(0.5)),
                new RecallPoint(4, 0.04, 0.97, Optional.of(0.90)),
                new RecallPoint(8, 0.08, 0.98, Optional.empty())));
        assertThat(manifest.nprobeFor(0)).isEqualTo(1);
        assertThat(manifest.nprobeFor(0.5)).isEqualTo(1);
        assertThat(manifest.nprobeFor(0.90)).isEqualTo(4);
        assertThat(manifest.nprobeFor(0.98)).isEqualTo(8);
        assertThat(manifest.nprobeFor(1.0)).as("what no measured one reaches").isEqualTo(16);
    }

    @Test
    void theCurveIsStraightBetweenMeasuredPointsAndUnknownBeyondThem() {
        RecallPoint first = new RecallPoint(2, 0.02, 0.6, Optional.of(0.5));
        RecallPoint second = new RecallPoint(8, 0.08, 0.9, Optional.of(0.8));
        IndexManifest manifest = manifest(List.of(first, second));
        assertThat(manifest.recallAt(1)).isEmpty();
        assertThat(manifest.recallAt(2)).hasValue(first);
        RecallPoint between = manifest.recallAt(4).orElseThrow();
        assertThat(between.nprobe()).isEqualTo(4);
        assertThat(between.scannedShare()).isCloseTo(0.04, within(1e-12));
        assertThat(between.pictures()).isCloseTo(0.7, within(1e-12));
        assertThat(between.words().orElseThrow()).isCloseTo(0.6, within(1e-12));
        assertThat(manifest.recallAt(8)).hasValue(second);
        assertThat(manifest.recallAt(9)).isEmpty();
    }

    @Test
    void aTrainingThatCannotBeIsRefused() {
        assertThatThrownBy(() -> new TrainingEntry(0, 7, 1, 0.87, 1.25)).hasMessageContaining("0 vectors");
        assertThatThrownBy(() -> new TrainingEntry(9, 7, 1, Double.NaN, 1.25)).hasMessageContaining("NaN");
        assertThatThrownBy(() -> new TrainingEntry(9, 7, 1, 0.87, 0.5)).hasMessageContaining("0.5");
    }

    @Test
    void betweenMeasuredPointsTheCurveIsTakenForStraight() {
        IndexManifest manifest = manifest(List.of(
                new RecallPoint(1, 0.01, 0.5, Optional.empty()),
                new RecallPoint(2, 0.02, 0.6, Optional.empty()),
                new RecallPoint(12, 0.12, 0.8, Optional.empty()),
                new RecallPoint(16, 0.16, 0.8, Optional.empty())));
        assertThat(manifest.nprobeFor(0.51)).isEqualTo(2);
        assertThat(manifest.nprobeFor(0.62)).isEqualTo(3);
        assertThat(manifest.nprobeFor(0.63)).isEqualTo(4);
        assertThat(manifest.nprobeFor(0.79)).isEqualTo(12);
        assertThat(manifest.nprobeFor(0.81)).as("all lists").isEqualTo(16);
    }

    @Test
    void aManifestOfBeforeIsRead() {
        String old =
                """
                {"formatVersion": 1, "generation": "gen-000001", "model": "%s", "modelName": "test", "dimension": 4,
                 "metric": "inner_product", "factory": "IVF16,Flat", "nlist": 16, "defaultNprobe": 4, "targetRecall": 0.95,
                 "recall": [{"nprobe": 1, "scannedShare": 0.01, "pictures": 0.6}], "count": 0,
                 "centroids": {"name": "centroids.faiss", "bytes": 4, "sha256": "00"}, "shards": [],
                 "created": "2026-01-01T00:00:00Z"}
                """
                        .formatted(MODEL.value());
        IndexManifest manifest = IndexManifest.fromJson(old.getBytes(StandardCharsets.UTF_8), "index.json");
        assertThat(manifest)
                .usingRecursiveComparison()
                .ignoringFields("training")
                .isEqualTo(manifest(List.of(new RecallPoint(1, 0.01, 0.6, Optional.empty())), List.of(), 0));
        assertThat(manifest.training()).isEmpty();
        assertThat(manifest.centroids().sampledSha256()).isEmpty();
    }

    @Test
    void theQuickCheckFindsWhatIsCutGrownOrChangedWhereItLooks() throws IOException {
        Path generation = Files.createDirectories(root.resolve("gen-000001"));
        byte[] bytes = new byte[5_000_000];
        new Random(3).nextBytes(bytes);
        Path file = Files.write(generation.resolve("shard-00000.faiss"), bytes);
        FileEntry entry = FileEntry.of(generation, "shard-00000.faiss");
        IndexDirectory directory = new IndexDirectory(root);
        directory.verifyQuickly("gen-000001", entry);

        Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
        assertThatThrownBy(() -> directory.verifyQuickly("gen-000001", entry))
                .hasMessageContaining(file + " has 4999999 bytes, index.json says 5000000");
        Files.write(file, Arrays.copyOf(bytes, bytes.length + 1));
        assertThatThrownBy(() -> directory.verifyQuickly("gen-000001", entry)).hasMessageContaining("5000001 bytes");
        for (int place : new int[] {0, 65_535, 65_536, 4_999_999}) {
            byte[] flipped = bytes.clone();
            flipped[place] ^= 1;
            Files.write(file, flipped);
            assertThatThrownBy(() -> directory.verifyQuickly("gen-000001", entry))
                    .as("a bit flipped at %d", place)
                    .hasMessageContaining(file + " is damaged: sha256 of its samples");
        }
        // Half of it lost, as a copy that died leaves it with its length: no sample is missed by so much.
        byte[] lost = bytes.clone();
        Arrays.fill(lost, 2_000_000, 2_100_000, (byte) 0);
        Files.write(file, lost);
        assertThatThrownBy(() -> directory.verifyQuickly("gen-000001", entry)).hasMessageContaining("is damaged");
        Files.delete(file);
        assertThatThrownBy(() -> directory.verifyQuickly("gen-000001", entry)).hasMessageContaining("missing file");
    }

    @Test
    void aBitBetweenTheSamplesIsFoundByTheWholeCheckOnly() throws IOException {
        Path generation = Files.createDirectories(root.resolve("gen-000001"));
        byte[] bytes = new byte[5_000_000];
        Path file = Files.write(generation.resolve("centroids.faiss"), bytes);
        FileEntry entry = FileEntry.of(generation, "centroids.faiss");
        bytes[65_536 + 4_096] ^= 1;
        Files.write(file, bytes);
        IndexDirectory directory = new IndexDirectory(root);
        directory.verifyQuickly("gen-000001", entry);
        assertThatThrownBy(() -> directory.verify("gen-000001", entry)).hasMessageContaining("is damaged");
    }

    @Test
    void withoutASampledChecksumTheQuickCheckReadsAll() throws IOException {
        Path generation = Files.createDirectories(root.resolve("gen-000001"));
        Files.write(generation.resolve("centroids.faiss"), new byte[] {1, 2, 3, 5});
        FileEntry old = new FileEntry("centroids.faiss", 4, Checksums.of(new byte[] {1, 2, 3, 4}));
        assertThatThrownBy(() -> new IndexDirectory(root).verifyQuickly("gen-000001", old))
                .hasMessageContaining("is damaged");
    }

    @Test
    void generationsAreListedByNumberAndNothingElseIs() throws IOException {
        for (String name : List.of("gen-000010", "gen-000002", ".gen-000011.tmp-x", "gen-1", "other")) {
            Files.createDirectories(root.resolve(name));
        }
        assertThat(new IndexDirectory(root).generations()).containsExactly("gen-000002", "gen-000010");
    }

    @Test
    void aFlippedBitIsRefusedByName() throws IOException {
        publish(manifest(List.of()));
        Path file = root.resolve("gen-000001/centroids.faiss");
        byte[] bytes = {1, 2, 3, 4};
        Files.write(file, bytes);
        FileEntry entry = new FileEntry("centroids.faiss", 4, Checksums.of(bytes));
        IndexDirectory directory = new IndexDirectory(root);
        directory.verify("gen-000001", entry);
        bytes[2] ^= 8;
        Files.write(file, bytes);
        assertThatThrownBy(() -> directory.verify("gen-000001", entry))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining(file.toString());
    }

    @Test
    void aFolderWithoutCurrentAndOneThatPointsOutsideAreRefused() throws IOException {
        assertThatThrownBy(() -> new IndexDirectory(root).currentGeneration()).hasMessageContaining("CURRENT");
        Files.writeString(root.resolve("CURRENT"), "../elsewhere");
        assertThatThrownBy(() -> new IndexDirectory(root).currentGeneration()).hasMessageContaining("../elsewhere");
        assertThatThrownBy(() -> new FileEntry("../passwd", 1, "00")).hasMessageContaining("../passwd");
    }

    @Test
    void countsThatDisagreeAreRefused() {
        FileEntry file = new FileEntry("shard-00000.faiss", 1, "00");
        assertThatThrownBy(() -> manifest(List.of(), List.of(new ShardEntry(0, 5, file, List.of())), 6))
                .hasMessageContaining("6")
                .hasMessageContaining("5");
    }

    private void publish(IndexManifest manifest) throws IOException {
        Path generation = Files.createDirectories(root.resolve(manifest.generation()));
        Files.write(generation.resolve(IndexLayout.MANIFEST), manifest.toJson());
        Files.writeString(root.resolve(IndexLayout.CURRENT), manifest.generation() + "\n");
    }

    private static IndexManifest manifest(List<RecallPoint> recall) {
        return manifest(recall, List.of(), 0);
    }

    private static IndexManifest manifest(List<RecallPoint> recall, List<ShardEntry> shards, long count) {
        return new IndexManifest(
                1,
                "gen-000001",
                MODEL,
                "test",
                4,
                "inner_product",
                "IVF16,Flat",
                16,
                4,
                0.95,
                recall,
                count,
                new FileEntry("centroids.faiss", 4, "00"),
                Optional.of(new TrainingEntry(2048, 7, 1, 0.87, 1.25)),
                shards,
                Instant.parse("2026-01-01T00:00:00Z"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }
}
