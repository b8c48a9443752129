package org.imagesearch.core.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    record Limits(int pixels, double ratio) {}

    record Sample(
            String name,
            int maxK,
            Duration timeout,
            Bytes memory,
            List<String> nodes,
            Limits limits,
            Optional<String> apiKey) {}

    @TempDir
    Path folder;

    @Test
    void defaultsBindToTheRecord() {
        assertThat(load(Optional.empty(), Map.of(), Map.of()))
                .isEqualTo(new Sample(
                        "demo",
                        100,
                        Duration.ofMillis(250),
                        new Bytes(64 << 20),
                        List.of(),
                        new Limits(7, 0.5),
                        Optional.empty()));
    }

    @Test
    void commandLineBeatsEnvironmentBeatsFileBeatsDefault() throws IOException {
        Path file = write("name = file\nmax-k = 1\nlimits.pixels = 2");
        Sample sample = load(
                Optional.of(file),
                Map.of("IMAGESEARCH_SAMPLE_LIMITS_PIXELS", "3", "IMAGESEARCH_SAMPLE_MAX_K", "4"),
                Map.of("max-k", "5"));
        assertThat(sample.name()).isEqualTo("file");
        assertThat(sample.limits().pixels()).isEqualTo(3);
        assertThat(sample.maxK()).isEqualTo(5);
    }

    @Test
    void unknownKeysAreNamedWithTheirSource() throws IOException {
        Path file = write("max-kk = 1");
        assertThatThrownBy(() -> load(Optional.of(file), Map.of(), Map.of()))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("max-kk")
                .hasMessageContaining(file.toString());
        assertThatThrownBy(() -> load(Optional.empty(), Map.of("IMAGESEARCH_SAMPLE_MAXK", "1"), Map.of()))
                .hasMessageContaining("IMAGESEARCH_SAMPLE_MAXK");
    }

    @Test
    void wrongTypesAndMissingFilesAreInputErrors() throws IOException {
        Path file = write("timeout = soon");
        assertThatThrownBy(() -> load(Optional.of(file), Map.of(), Map.of()))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("timeout");
        assertThatThrownBy(() -> load(Optional.of(folder.resolve("absent.conf")), Map.of(), Map.of()))
                .hasMessageContaining("absent.conf");
    }

    @Test
    void listsMayBeCommaSeparatedAndSecretsAreMasked() {
        Settings settings =
                Settings.load("sample", Optional.empty(), Map.of(), Map.of("nodes", "a:1, b:2", "api-key", "hush"));
        assertThat(settings.bind(Sample.class).nodes()).containsExactly("a:1", "b:2");
        assertThat(settings.render()).contains("***").doesNotContain("hush");
    }

    @Test
    void aSettingWithoutADefaultMayComeFromAnyLayer() throws IOException {
        Path file = write("api-key = from-file");
        assertThat(load(Optional.of(file), Map.of(), Map.of()).apiKey()).hasValue("from-file");
        Map<String, String> environment = Map.of("IMAGESEARCH_SAMPLE_API_KEY", "from-environment");
        assertThat(load(Optional.of(file), environment, Map.of()).apiKey()).hasValue("from-environment");
        assertThat(load(Optional.of(file), environment, Map.of("api-key", "given"))
                        .apiKey())
                .hasValue("given");
    }

    @Test
    void otherVariablesOfTheEnvironmentAreNobodysBusiness() {
        assertThat(load(
                        Optional.empty(),
                        Map.of("PATH", "/bin", "IMAGESEARCH_OTHER_X", "1", "IMAGESEARCH_SAMPLE_NAME", "env"),
                        Map.of()))
                .extracting(Sample::name)
                .isEqualTo("env");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    unheard-of = null       | unheard-of
                    unheard-of {}           | unheard-of
                    limits.depth = 1        | limits.depth
                    name.first = x          | name.first
                    "limits.pixels" = 3     | limits.pixels
                    max-k = 1.5             | max-k is 1.5
                    max-k = 3000000000      | max-k
                    max-k = many            | max-k
                    limits = 5              | limits
                    limits.ratio = half     | ratio
                    timeout = 5 parsecs     | timeout
                    memory = -1             | memory
                    memory = 5 apples       | memory
                    nodes = 7               | nodes
                    name = null             | name
                    name = [                | user.conf
                    name = ${absent}        | absent
                    """)
    void everyMistakeInAFileIsAnInputErrorThatNamesIt(String text, String named) throws IOException {
        Path file = write(text);
        assertThatThrownBy(() -> load(Optional.of(file), Map.of(), Map.of()))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(named);
    }

    @Test
    void mistakesOnTheCommandLineAndInTheEnvironmentAreInputErrorsToo() {
        assertThatThrownBy(() -> load(Optional.empty(), Map.of(), Map.of("limits.pixels", "few")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("sample.limits.pixels");
        assertThatThrownBy(() -> load(Optional.empty(), Map.of(), Map.of("unheard-of", "1")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("command line: unheard-of");
        assertThatThrownBy(() -> load(Optional.empty(), Map.of("IMAGESEARCH_SAMPLE_TIMEOUT", "x"), Map.of()))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("timeout");
    }

    @Test
    void wholeNumbersMayBeWrittenInAnyWay() {
        assertThat(load(Optional.empty(), Map.of(), Map.of("max-k", "2e3")).maxK())
                .isEqualTo(2000);
        assertThat(load(Optional.empty(), Map.of("IMAGESEARCH_SAMPLE_MEMORY", "1 GiB"), Map.of())
                        .memory())
                .isEqualTo(new Bytes(1L << 30));
    }

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("user.conf"), text);
    }

    private static Sample load(Optional<Path> file, Map<String, String> environment, Map<String, String> commandLine) {
        return Settings.load("sample", file, environment, commandLine).bind(Sample.class);
    }
}
