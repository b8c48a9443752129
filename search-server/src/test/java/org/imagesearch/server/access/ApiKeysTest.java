package org.imagesearch.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiKeysTest {
    @TempDir
    Path folder;

    @Test
    void aSecretOpensItsOwnKeyAlone() throws IOException {
        String first = ApiKey.newSecret();
        String second = ApiKey.newSecret();
        ApiKeys keys = keys("# ours\n\n" + ApiKey.of("page", Role.SEARCH, first).line() + "\n  "
                + ApiKey.of("ops", Role.ADMIN, second).line() + "  \n");

        assertThat(keys.find(first).orElseThrow().name()).isEqualTo("page");
        assertThat(keys.find(first).orElseThrow().role()).isEqualTo(Role.SEARCH);
        assertThat(keys.find(second).orElseThrow().role()).isEqualTo(Role.ADMIN);
        assertThat(keys.find("")).isEmpty();
        assertThat(keys.find(first.toLowerCase(Locale.ROOT))).isEmpty();
        assertThat(keys.find(first + " ")).isEmpty();
        assertThat(keys.find(ApiKey.of("page", Role.SEARCH, first).digest())).isEmpty();
    }

    /** The digest is what {@code printf %s KEY | sha256sum} says. */
    @Test
    void theDigestIsSha256OfTheSecret() {
        assertThat(ApiKey.of("a", Role.SEARCH, "abc").line())
                .isEqualTo("a search ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    @Test
    void secretsAreLongAndNeverTheSame() {
        assertThat(IntStream.range(0, 100).mapToObj(i -> ApiKey.newSecret()))
                .doesNotHaveDuplicates()
                .allMatch(secret -> secret.matches("imgsearch_[A-Za-z0-9_-]{43}"));
    }

    @ParameterizedTest
    @CsvSource({"SEARCH, SEARCH, true", "SEARCH, ADMIN, false", "ADMIN, SEARCH, true", "ADMIN, ADMIN, true"})
    void whoMayAdministerMaySearchToo(Role has, Role needed, boolean may) {
        assertThat(has.includes(needed)).isEqualTo(may);
    }

    @Test
    void withoutAFileEverybodyMaySearchAndATokenIsForTheRest() {
        assertThat(ApiKeys.open("", "").areNeededFor(Role.ADMIN)).isFalse();
        ApiKeys token = ApiKeys.open("", "a-token-of-some-length");
        assertThat(token.areNeededFor(Role.SEARCH)).isFalse();
        assertThat(token.areNeededFor(Role.ADMIN)).isTrue();
        assertThat(token.find("a-token-of-some-length").orElseThrow().role()).isEqualTo(Role.ADMIN);
    }

    @Test
    void anEmptyFileLetsNobodyIn() throws IOException {
        ApiKeys keys = keys("");

        assertThat(keys.areNeededFor(Role.SEARCH)).isTrue();
        assertThat(keys.find("")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'a search', line 1 of the keys, 'there are 2 words, expected a name'",
        "'a search ba7816bf 1', line 1 of the keys, there are 4 words",
        "'a guest ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', line 1, the role is 'guest'",
        "'a search BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD', line 1, no SHA-256",
        "'a search imgsearch_not-a-digest', line 1, no SHA-256",
        "'a/b search ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', line 1, the name of a key",
        "'admin.token search ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', line 1, already"
    })
    void aWrongLineIsNamedAndNotRepeated(String line, String where, String why) {
        assertThatThrownBy(() -> keys(line + "\n"))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(where)
                .hasMessageContaining(why)
                .message()
                .doesNotContain("ba7816bf", "not-a-digest");
    }

    @Test
    void aFileThatIsNotThereOrTooLargeIsNamed() {
        assertThatThrownBy(() -> ApiKeys.open(folder.resolve("none").toString(), ""))
                .hasMessageContaining(folder.resolve("none").toString());
        String many = IntStream.range(0, 1001)
                .mapToObj(i -> ApiKey.of("key-" + i, Role.SEARCH, "secret " + i).line())
                .collect(Collectors.joining("\n"));
        assertThatThrownBy(() -> keys(many)).hasMessageContaining("are 1001, expected at most 1000");
        assertThatThrownBy(() -> keys("#".repeat(2 << 20))).hasMessageContaining("2097152 bytes");
    }

    @Test
    void aFileThatBecomesWrongChangesNothing() throws IOException {
        ApiKeys keys = keys(ApiKey.of("page", Role.SEARCH, "abc").line());
        Files.writeString(folder.resolve("keys"), "nonsense");

        assertThatThrownBy(keys::reread).hasMessageContaining("line 1");
        assertThat(keys.find("abc")).isPresent();
    }

    @Test
    void theDigestIsInNoText() {
        ApiKey key = ApiKey.of("page", Role.SEARCH, "abc");

        assertThat(key.toString()).isEqualTo("page (search)").doesNotContain(key.digest());
    }

    private ApiKeys keys(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("keys"), text);
        return ApiKeys.open(file.toString(), "");
    }
}
