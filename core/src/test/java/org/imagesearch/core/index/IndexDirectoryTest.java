package org.imagesearch.core.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
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
                new RecallPoint(8, 0.08, 0.99, Optional.empty())));
        assertThat(manifest.nprobeFor(0.5)).isEqualTo(1);
        assertThat(manifest.nprobeFor(0.95)).isEqualTo(8);
        assertThat(manifest.nprobeFor(1.0)).as("what no measured one reaches").isEqualTo(16);
    }

    @Test
    void betweenTwoMeasuredNprobesTheSmallerOneCounts() {
        RecallPoint first = new RecallPoint(2, 0.02, 0.6, Optional.empty());
        RecallPoint second = new RecallPoint(8, 0.08, 0.97, Optional.empty());
        IndexManifest manifest = manifest(List.of(first, second));
        assertThat(manifest.measuredAt(1)).isEmpty();
        assertThat(manifest.measuredAt(2)).hasValue(first);
        assertThat(manifest.measuredAt(7)).hasValue(first);
        assertThat(manifest.measuredAt(16)).hasValue(second);
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
                shards,
                Instant.parse("2026-01-01T00:00:00Z"));
    }
}
