package org.imagesearch.core;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class FingerprintTest {
    private static final String DIGITS = "0123456789abcdef".repeat(4);

    @Test
    void itIsATextInJsonAndInMessages() {
        Fingerprint fingerprint = new Fingerprint("sha256:" + DIGITS);
        assertThat(fingerprint).hasToString("sha256:" + DIGITS);
        byte[] json = Json.write(fingerprint);
        assertThat(new String(json, UTF_8)).isEqualTo("\"sha256:" + DIGITS + "\"\n");
        assertThat(Json.read(json, Fingerprint.class, "text")).isEqualTo(fingerprint);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "sha256:",
                "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
                "sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
                "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
                "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
                "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n",
                "sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            })
    void anythingElseIsADataErrorThatShowsIt(String text) {
        assertThatThrownBy(() -> new Fingerprint(text))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining("not a model fingerprint: " + text);
    }

    @Test
    void whatDifferentModelsMadeIsNeverCombined() {
        Fingerprint one = new Fingerprint("sha256:" + DIGITS);
        Fingerprint same = new Fingerprint("sha256:" + DIGITS);
        Fingerprint other = new Fingerprint("sha256:" + "f".repeat(64));
        one.requireSame("the index", same, "the bundle");
        assertThatThrownBy(() -> one.requireSame("the index", other, "the bundle"))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining("the index has model fingerprint " + one)
                .hasMessageContaining("the bundle has " + other);
    }
}
