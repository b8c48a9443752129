package org.imagesearch.core.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.imagesearch.core.Fingerprint;
import org.junit.jupiter.api.Test;

class ExportManifestTest {
    private static final ExportManifest MANIFEST = new ExportManifest(
            1,
            new Fingerprint("sha256:" + "a".repeat(64)),
            "demo",
            192,
            "float16",
            7,
            3,
            3,
            Instant.parse("2026-01-01T00:00:00Z"));

    @Test
    void whatIsWrittenIsReadAgain() {
        assertThat(ExportManifest.fromJson(MANIFEST.toJson(), "export.json")).isEqualTo(MANIFEST);
    }

    @Test
    void whatNoExportCanBeIsRefused() {
        assertRefused("\"formatVersion\" : 1", "\"formatVersion\" : 2", "has formatVersion 2, this program reads 1");
        assertRefused("\"dimension\" : 192", "\"dimension\" : 0", "dimension 0");
        assertRefused("\"model\"", "\"mode\"", "lacks model");
        assertRefused("}", "", "export.json is not valid");
    }

    private static void assertRefused(String text, String replacement, String message) {
        String json = new String(MANIFEST.toJson(), StandardCharsets.UTF_8).replace(text, replacement);
        assertThatThrownBy(() -> ExportManifest.fromJson(json.getBytes(StandardCharsets.UTF_8), "export.json"))
                .hasMessageContaining(message);
    }

    @Test
    void partsAreNumberedInTheirNamesWithAnyNumberOfDigits() {
        assertThat(ExportLayout.embeddingsFile(12)).isEqualTo("img_emb_0012.npy");
        assertThat(ExportLayout.partOfEmbeddings("img_emb_0012.npy")).hasValue(12);
        assertThat(ExportLayout.partOfEmbeddings("img_emb_7.npy")).hasValue(7);
        assertThat(ExportLayout.partOfMetadata("metadata_123456.parquet")).hasValue(123_456);
        assertThat(ExportLayout.partOfEmbeddings("img_emb_7.npy.crc")).isEmpty();
        assertThat(ExportLayout.partOfEmbeddings("text_emb_7.npy")).isEmpty();
        assertThat(ExportLayout.partOfMetadata("metadata_x.parquet")).isEmpty();
    }
}
