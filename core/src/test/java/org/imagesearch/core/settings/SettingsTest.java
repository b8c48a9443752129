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
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("user.conf"), text);
    }

    private static Sample load(Optional<Path> file, Map<String, String> environment, Map<String, String> commandLine) {
        return Settings.load("sample", file, environment, commandLine).bind(Sample.class);
    }
}
