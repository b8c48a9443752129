package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.imagesearch.clip.Device;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.embed.EmbedSettings.IdSource;
import org.imagesearch.embed.EmbedSettings.InputSettings;
import org.imagesearch.embed.EmbedSettings.Model;
import org.imagesearch.embed.EmbedSettings.PictureSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EmbedSettingsTest {
    @Test
    void defaultsArePinned() {
        assertThat(settings(Map.of()))
                .isEqualTo(new EmbedSettings(
                        20_000,
                        IdSource.SEQUENCE,
                        1,
                        10_000,
                        500,
                        new Model(Device.CPU, 0, 32, Duration.ofMillis(5)),
                        new PictureSettings(new Bytes(64 << 20), 100_000_000, 20_000, true, 1_000, 64),
                        new InputSettings("uri", List.of(), false, List.of(), Duration.ofSeconds(30))));
    }

    @Test
    void everyKeyReachesItsField() {
        Map<String, String> others = new TreeMap<>(Map.of(
                "wave-size", "7",
                "ids", "filename",
                "seed", "8",
                "queries", "9",
                "task-pictures", "10"));
        others.putAll(Map.of(
                "model.device", "auto",
                "model.threads", "11",
                "model.batch", "12",
                "model.linger", "13 ms"));
        others.putAll(Map.of(
                "picture.bytes", "14 KiB",
                "picture.pixels", "15",
                "picture.side", "16",
                "picture.apply-orientation", "false",
                "picture.caption-length", "17",
                "picture.in-flight", "18"));
        others.putAll(Map.of(
                "input.uri-column", "url",
                "input.leave-out", "a, b",
                "input.allow-http", "true",
                "input.http-hosts", "*.intern",
                "input.http-timeout", "19 s"));
        assertThat(others).containsOnlyKeys(keys(defaults()).keySet());
        assertThat(settings(others))
                .isEqualTo(new EmbedSettings(
                        7,
                        IdSource.FILENAME,
                        8,
                        9,
                        10,
                        new Model(Device.AUTO, 11, 12, Duration.ofMillis(13)),
                        new PictureSettings(new Bytes(14 << 10), 15, 16, false, 17, 18),
                        new InputSettings(
                                "url", List.of("a", "b"), true, List.of("*.intern"), Duration.ofSeconds(19))));
    }

    @Test
    void whatTasksNeedOfTheSettingsReachesThem() {
        EmbedSettings settings =
                settings(Map.of("model.threads", "3", "model.batch", "5", "picture.side", "77", "queries", "0"));
        EmbedSettings.TaskSettings tasks = settings.forTasks();
        assertThat(tasks.encoder(2)).isEqualTo(settings.model().encoder(2));
        assertThat(tasks.encoder(2).threads()).isEqualTo(3);
        assertThat(tasks.encoder(2).deviceId()).isEqualTo(2);
        assertThat(tasks.limits()).isEqualTo(settings.picture().limits());
        assertThat(tasks.limits().maxSide()).isEqualTo(77);
        assertThat(tasks.lingerNanos()).isEqualTo(5_000_000);
    }

    @Test
    void theFileForUsersHasTheSameKeysAndValues() throws IOException {
        // Its keys are commented out; its prose is not of the form of a key.
        String uncommented = Files.readAllLines(Path.of("../conf/embed.conf")).stream()
                .map(line -> line.replaceFirst("^(\\s*)# (?=[a-z-]+ (=|\\{)|}$)", "$1"))
                .collect(Collectors.joining("\n"));
        assertThat(keys(ConfigFactory.parseString(uncommented))).isEqualTo(keys(defaults()));
    }

    @ParameterizedTest
    @CsvSource({
        "wave-size, 0",
        "wave-size, 1000001",
        "queries, -1",
        "task-pictures, 0",
        "model.threads, -1",
        "model.batch, 0",
        "model.batch, 4097",
        "model.linger, 1 minute",
        "picture.bytes, 2 GiB",
        "picture.in-flight, 0",
        "picture.caption-length, -1",
        "input.http-timeout, 0 s",
        "input.http-timeout, 1 hour",
    })
    void whatIsOutOfRangeIsNamed(String key, String value) {
        assertThatThrownBy(() -> settings(Map.of(key, value)))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageStartingWith("setting embed." + key)
                .hasMessageContaining("expected");
    }

    private static EmbedSettings settings(Map<String, String> given) {
        return Settings.load("embed", Optional.empty(), Map.of(), given).bind(EmbedSettings.class);
    }

    private static Config defaults() {
        return ConfigFactory.parseResourcesAnySyntax("embed");
    }

    private static Map<String, Object> keys(Config config) {
        return config.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue()
                .unwrapped()));
    }
}
