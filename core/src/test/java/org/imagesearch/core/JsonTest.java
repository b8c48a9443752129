package org.imagesearch.core;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    record Sample(int number, String text, Optional<Double> share, Instant when) {}

    private static final Sample SAMPLE = new Sample(7, "Bärenhöhle 🐻", Optional.empty(), Instant.EPOCH);

    @Test
    void aValueSurvivesAndWhatIsAbsentIsLeftOut() {
        String json = new String(Json.write(SAMPLE), UTF_8);
        assertThat(json).contains("Bärenhöhle 🐻", "1970-01-01T00:00:00Z").endsWith("}\n");
        assertThat(json).doesNotContain("share");
        assertThat(read(json)).isEqualTo(SAMPLE);
    }

    @Test
    void fieldsOfLaterVersionsAreIgnored() {
        assertThat(read("{\"number\": 7, \"colour\": {\"deep\": [1]}, \"text\": \"x\"}")
                        .number())
                .isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "[]",
                "7",
                "{",
                "{\"number\": null}",
                "{\"number\": \"seven\"}",
                "{\"number\": 7.5}",
                "{\"when\": \"soon\"}",
                "{\"number\": 7}}",
                "{\"number\": 7} {\"number\": 8}"
            })
    void everythingElseIsADataErrorThatNamesTheFile(String json) {
        assertThatThrownBy(() -> read(json))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageStartingWith("/data/sample.json is not valid: ");
    }

    record Outer(List<Inner> parts) {}

    record Inner(int count) {
        Inner {
            if (count < 0) {
                throw ImageSearchException.data("a count of %d", count);
            }
        }
    }

    @Test
    void theFieldIsNamedWhereverItIs() {
        assertThatThrownBy(() -> Json.read("{\"parts\": [{\"count\": 1}, {}]}".getBytes(UTF_8), Outer.class, "file"))
                .hasMessage("file is not valid: parts.[1].count: missing or null, expected int");
        assertThatThrownBy(() -> Json.read("{\"parts\": [{\"count\": -3}]}".getBytes(UTF_8), Outer.class, "file"))
                .hasMessage("file is not valid: parts.[0]: a count of -3");
    }

    private static Sample read(String json) {
        return Json.read(json.getBytes(UTF_8), Sample.class, "/data/sample.json");
    }
}
