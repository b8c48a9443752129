package org.imagesearch.core.dataset;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatasetManifestTest {
    private static final String MODEL = "sha256:" + "0123456789abcdef".repeat(4);
    private static final String NAME = "hdfs://data/dataset.json";
    private static final DatasetManifest MANIFEST = new DatasetManifest(
            1,
            new Fingerprint(MODEL),
            "emoji-clip",
            192,
            true,
            3_000_000_000L,
            2_999_999_990L,
            10,
            20_000,
            150_000,
            "sequence",
            false,
            Instant.parse("2026-01-02T03:04:05.678Z"));

    @TempDir
    Path folder;

    @Test
    void itSurvivesTheDisk() throws IOException {
        Path file = Files.write(folder.resolve(DatasetLayout.MANIFEST), MANIFEST.toJson());
        assertThat(DatasetManifest.fromJson(Files.readAllBytes(file), NAME)).isEqualTo(MANIFEST);
        assertThat(Files.readString(file)).contains("\"model\" : \"" + MODEL + "\"", "2026-01-02T03:04:05.678Z");
    }

    @Test
    void earlierVersionsDecodedAtFullScale() {
        String json = json().replaceFirst("\"fastDecode\" : false,", "");
        assertThat(json).doesNotContain("fastDecode");
        assertThat(DatasetManifest.fromJson(json.getBytes(StandardCharsets.UTF_8), NAME))
                .isEqualTo(MANIFEST);
    }

    @ParameterizedTest
    @ValueSource(strings = {"model", "modelName", "ids", "updated", "dimension", "waveSize", "formatVersion"})
    void aMissingFieldIsRefusedByName(String field) {
        String json = json().replaceFirst("\"" + field + "\" : [^\\n]*\\n", "");
        assertRefused(json.replaceFirst(",(\\s*})", "$1"), field);
    }

    @ParameterizedTest
    @CsvSource({
        "formatVersion, 2",
        "formatVersion, 0",
        "dimension, 0",
        "dimension, -192",
        "waveSize, 0",
        "listed, -1",
        "embedded, -1",
        "failed, -1",
        "waves, -1"
    })
    void anImpossibleNumberIsRefusedWithItsField(String field, String value) {
        String json = json().replaceFirst("\"" + field + "\" : [^,]*", "\"" + field + "\" : " + value);
        assertRefused(json, field);
        assertRefused(json, value);
    }

    @Test
    void anotherKindOfFingerprintIsRefused() {
        assertRefused(json().replace("sha256:", "md5:"), "not a model fingerprint: md5:");
    }

    @Test
    void everyTruncationIsRefused() {
        String json = json().stripTrailing();
        for (int length = 0; length < json.length(); length++) {
            assertRefused(json.substring(0, length), "not valid");
        }
    }

    @Test
    void namesHaveAsciiDigitsInEveryLocale() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            assertThat(DatasetLayout.waveFolder(17)).isEqualTo("wave=000017");
            assertThat(IndexLayout.generation(1)).isEqualTo("gen-000001");
            assertThat(IndexLayout.shardIndex(23)).isEqualTo("shard-00023.faiss");
            assertThat(IndexLayout.shardRows(4)).isEqualTo("shard-00004.rows");
            assertThat(ImageSearchException.input("%d", 42)).hasMessage("42");
        } finally {
            Locale.setDefault(before);
        }
    }

    private static String json() {
        return new String(MANIFEST.toJson(), UTF_8);
    }

    private static void assertRefused(String json, String message) {
        assertThatThrownBy(() -> DatasetManifest.fromJson(json.getBytes(UTF_8), NAME))
                .as(json)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(NAME)
                .hasMessageContaining(message);
    }
}
