package org.imagesearch.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.imagesearch.core.query.Query;
import org.imagesearch.core.query.QueryLimits;
import org.imagesearch.core.query.QueryParser;
import org.imagesearch.core.query.Term;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What queries are read as; how wrong ones are refused is tested over HTTP. */
class QueryReaderTest {
    private final QueryReader reader = new QueryReader(new QueryParser(new QueryLimits(20, 3, 4, 50, 5, 1 << 20)));

    @Test
    void jsonGivesItsTermsInOrderWithTheirWeights() {
        Query query = json(
                "{\"terms\":[{\"text\":\" red car \"},{\"id\":5,\"weight\":-0.5},{\"vector\":[1,2.5,-3e-1],\"weight\":2}]}");

        assertThat(query.terms()).hasSize(3);
        assertThat(query.terms().get(0)).isEqualTo(new Term.Text("red car", 1));
        assertThat(query.terms().get(1)).isEqualTo(new Term.Indexed(5, -0.5));
        assertThat(query.terms().get(2)).isInstanceOfSatisfying(Term.Vector.class, vector -> {
            assertThat(vector.values()).containsExactly(1f, 2.5f, -0.3f);
            assertThat(vector.weight()).isEqualTo(2);
        });
    }

    @Test
    void aVectorMayBeItsFloatsInBase64() {
        // numpy.array([1, 2.5, -0.3], "<f4").tobytes() in base64
        Query query = json("{\"vector\":\"AACAPwAAIECamZm+\"}");

        assertThat(query.terms()).singleElement().isInstanceOfSatisfying(Term.Vector.class, vector -> assertThat(
                        vector.values())
                .containsExactly(1f, 2.5f, -0.3f));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "AACAPwAAIEA= | vector has 8 bytes in base64, expected 3 floats of 4",
                "AACAPwAAIEAAAMB/ | vector has NaN at place 2, expected a number",
                "? | vector is not base64: Input byte[] should at least have 2 bytes for base64 bytes"
            })
    void aVectorInBase64IsOfTheRightLengthAndFinite(String text, String message) {
        assertThatThrownBy(() -> json("{\"vector\":\"" + text + "\"}")).hasMessage(message);
    }

    @Test
    void whatStandsBesideTheTermsCountsOnceEach() {
        String picture = Base64.getEncoder().encodeToString(new byte[] {1, 2, 3});

        Query query = json(
                "{\"text\":\"a\",\"image\":\"" + picture + "\",\"id\":0,\"terms\":[{\"text\":\"b\",\"weight\":3}]}");

        assertThat(query.terms()).extracting(Term::weight).containsExactly(1.0, 1.0, 1.0, 3.0);
        assertThat(query.terms().get(1)).isInstanceOfSatisfying(Term.Image.class, image -> assertThat(image.bytes())
                .containsExactly(1, 2, 3));
    }

    @Test
    void whatIsNotSaidOrNullIsTheDefault() {
        for (String text : List.of(
                "{\"text\":\"a\"}",
                "{\"text\":\"a\",\"id\":null,\"terms\":null,\"k\":null,\"nprobe\":null,\"recall\":null,\"minScore\":null,\"filter\":null,\"withVectors\":null}")) {
            Query query = json(text);
            assertThat(query).isEqualTo(Query.of(new Term.Text("a", 1), 20));
        }
    }

    @Test
    void everyOptionIsRead() {
        Query exact = json("{\"text\":\"a\",\"k\":7,\"nprobe\":3,\"minScore\":-0.25,\"withVectors\":true}");
        assertThat(exact.k()).isEqualTo(7);
        assertThat(exact.nprobe()).hasValue(3);
        assertThat(exact.recall()).isEmpty();
        assertThat(exact.minScore()).hasValue(-0.25);
        assertThat(exact.withVectors()).isTrue();
        assertThat(json("{\"text\":\"a\",\"recall\":1}").recall()).hasValue(1);
        assertThat(parameters(
                        Map.of("text", "a", "k", "%2B7", "nprobe", "3", "minScore", "-.25e0", "withVectors", "true")))
                .isEqualTo(exact);
    }

    @Test
    void jsonMayComeInAnyUnicode() {
        String text = "{\"text\":\"ハンバーガー 🍔\"}";

        assertThat(reader.fromJson(text.getBytes(UTF_16)).terms()).containsExactly(new Term.Text("ハンバーガー 🍔", 1));
        assertThat(json("{\"text\":\"\\ud83c\\udf54\"}").terms()).containsExactly(new Term.Text("🍔", 1));
    }

    @ParameterizedTest
    @CsvSource({
        "a+b%20c, a b c",
        "%E3%83%8F, ハ",
        "caf%c3%a9, café",
        "%F0%9F%8D%94, 🍔",
        "1%2B1, 1+1",
        "100%25, 100%",
        "a%26b, a&b"
    })
    void parametersAreDecodedAsFormsSendThem(String raw, String text) {
        assertThat(parameters(Map.of("te%78t", raw)).terms()).containsExactly(new Term.Text(text, 1));
    }

    @Test
    void bytesThatWereNotEncodedCountAsTheyAre() {
        String raw = new String("rød".getBytes(UTF_8), ISO_8859_1);

        assertThat(parameters(Map.of("text", raw)).terms()).containsExactly(new Term.Text("rød", 1));
    }

    @ParameterizedTest
    @CsvSource({
        "%, two hexadecimal digits",
        "%4, two hexadecimal digits",
        "%g0, two hexadecimal digits",
        "a%, two hex",
        "%c3, not UTF-8",
        "ハ, not encoded right"
    })
    void parametersThatAreNotEncodedRightAreRefused(String raw, String message) {
        assertThatThrownBy(() -> parameters(Map.of("text", raw))).hasMessageContaining(message);
    }

    @Test
    void aPictureTakesItsOptionsFromTheAddress() {
        Query query = reader.fromPicture(
                new byte[] {1},
                new Parameters(Map.of("text", List.of("red"), "k", List.of("3")), QueryReader.PARAMETERS));

        assertThat(query.terms())
                .extracting(Object::getClass, Term::weight)
                .containsExactly(tuple(Term.Image.class, 1.0), tuple(Term.Text.class, 1.0));
        assertThat(query.k()).isEqualTo(3);
    }

    @Test
    void aQueryOfTheLargestSizeIsRead() {
        String vector = "{\"vector\":[0.1,0.2,0.3],\"weight\":1}";

        assertThat(json("{\"terms\":[" + (vector + ",").repeat(3) + vector + "],\"k\":100}")
                        .terms())
                .hasSize(4);
        assertThat(Set.of(json("{\"text\":\"" + "a".repeat(50) + "\"}"))).hasSize(1);
    }

    private Query json(String text) {
        return reader.fromJson(text.getBytes(UTF_8));
    }

    private Query parameters(Map<String, String> raw) {
        Map<String, List<String>> given = new HashMap<>();
        raw.forEach((name, value) -> given.put(name, List.of(value)));
        return reader.fromParameters(new Parameters(given, QueryReader.PARAMETERS));
    }
}
