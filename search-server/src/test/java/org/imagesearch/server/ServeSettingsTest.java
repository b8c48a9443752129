package org.imagesearch.server;

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
import java.util.stream.Collectors;
import org.imagesearch.clip.Device;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.server.access.AccessSettings;
import org.imagesearch.server.http.AdminSettings;
import org.imagesearch.server.http.HttpSettings;
import org.imagesearch.server.index.IndexSettings;
import org.imagesearch.server.index.Screening;
import org.imagesearch.server.index.Verification;
import org.imagesearch.server.nodes.NodeSettings;
import org.imagesearch.server.pictures.LinkSettings;
import org.imagesearch.server.pictures.PictureSettings;
import org.imagesearch.server.search.LiveRecallSettings;
import org.imagesearch.server.search.SearchSettings;
import org.imagesearch.server.tls.ClientAuth;
import org.imagesearch.server.tls.TlsClientSettings;
import org.imagesearch.server.tls.TlsSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServeSettingsTest {
    private static final long MIB = 1 << 20;

    @Test
    void defaultsArePinned() {
        assertThat(load(Map.of(), Map.of()))
                .isEqualTo(new ServeSettings(
                        new HttpSettings(
                                "localhost",
                                8080,
                                new TlsSettings("", "", "", ClientAuth.NONE, ""),
                                List.of(),
                                List.of("*"),
                                16,
                                256,
                                Duration.ofMillis(500),
                                2000,
                                1000,
                                new Bytes(16 * MIB),
                                new Bytes(256 * MIB),
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(20),
                                Duration.ofSeconds(30),
                                Duration.ofSeconds(60),
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(1)),
                        new AccessSettings("", 0, 100, 10_000, List.of()),
                        new AdminSettings("", Duration.ofMinutes(10)),
                        new SearchSettings(
                                20,
                                3000,
                                10_000,
                                100,
                                100,
                                32,
                                1000,
                                Duration.ofSeconds(5),
                                0,
                                4096,
                                10_000,
                                new LiveRecallSettings(0.01, 0.02, Duration.ofSeconds(10), 100)),
                        new IndexSettings(
                                "",
                                true,
                                Screening.AUTO,
                                Verification.QUICK,
                                Duration.ofSeconds(2),
                                new Bytes(64 * MIB)),
                        new NodeSettings(
                                List.of(),
                                "",
                                false,
                                new TlsClientSettings("", "", "", ""),
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(2),
                                Duration.ofMillis(500),
                                Duration.ofMillis(50),
                                Duration.ofSeconds(2)),
                        new ServeSettings.Model(Device.CPU, 0, 16, 512, new Bytes(4096 * MIB)),
                        new PictureSettings(
                                new Bytes(64 * MIB),
                                100_000_000,
                                20_000,
                                true,
                                4,
                                new Bytes(64 * MIB),
                                new LinkSettings(List.of(), false, Duration.ofSeconds(5), 4))));
    }

    @Test
    void theFileInConfShowsEveryKeyWithItsDefault() throws IOException {
        String shown = Files.readString(Path.of("../conf/serve.conf"))
                .lines()
                .filter(line -> line.matches("\\s*# .* [={](.*)|\\s*# }.*"))
                .map(line -> line.replaceFirst("# ", ""))
                .collect(Collectors.joining("\n"));
        Config inConf = ConfigFactory.parseString(shown);
        Config defaults = ConfigFactory.parseResources("serve.conf");

        assertThat(inConf).isEqualTo(defaults);
    }

    @Test
    void theFileInConfChangesNothing() {
        ServeSettings read = Settings.load("serve", Optional.of(Path.of("../conf/serve.conf")), Map.of(), Map.of())
                .bind(ServeSettings.class);

        assertThat(read).isEqualTo(load(Map.of(), Map.of()));
    }

    @Test
    void theCommandLineComesBeforeTheEnvironment() {
        Map<String, String> environment =
                Map.of("IMAGESEARCH_SERVE_HTTP_PORT", "80", "IMAGESEARCH_SERVE_SEARCH_MAX_K", "500");

        ServeSettings settings = load(environment, Map.of("http.port", "81"));

        assertThat(settings.http().port()).isEqualTo(81);
        assertThat(settings.search().maxK()).isEqualTo(500);
    }

    @ParameterizedTest
    @CsvSource({
        "http.port, -1",
        "http.port, 65536",
        "http.threads, 0",
        "http.queue, -1",
        "http.queue-time, 0 s",
        "http.connections, 0",
        "http.connections-per-address, 0",
        "http.allow-origin, example.org",
        "http.allow-origin, https://example.org/path",
        "http.allow-origin, 'https://a.example, null'",
        "http.clip-retrieval-origin, ftp://example.org",
        "http.tls.client-auth, perhaps",
        "http.tls.client-trust, some.pem",
        "http.head-timeout, 0 s",
        "http.write-timeout, 0 s",
        "access.rate, -1",
        "access.burst, 0",
        "access.callers, 0",
        "access.proxies, proxy.example",
        "access.proxies, 10.0.0.0/33",
        "http.body, 1 B",
        "http.body, 2 GiB",
        "http.body-memory, 1 MiB",
        "http.body-timeout, 0 s",
        "http.idle-timeout, -1 s",
        "http.idle-timeout, 30 d",
        "http.retry-after, 0 s",
        "http.stop-timeout, 0 s",
        "http.slow-request, -1 s",
        "search.k, 0",
        "search.k, 3001",
        "search.max-k, 0",
        "search.max-terms, 0",
        "search.max-text-length, 0",
        "search.timeout, 0 s",
        "search.threads, -1",
        "search.queue, 0",
        "search.text-cache, -1",
        "search.live-recall.share, -0.1",
        "search.live-recall.share, 1.1",
        "search.live-recall.budget, 0",
        "search.live-recall.budget, 1.5",
        "search.live-recall.longest-scan, 0 s",
        "search.live-recall.queue, 0",
        "admin.token, too-short",
        "admin.token, with a space in it",
        "admin.timeout, 0 s",
        "index.poll, 0 s",
        "nodes.secret, too-short",
        "nodes.accept-certificates, true",
        "model.threads, -1",
        "model.batch, 0",
        "model.batch, 65",
        "model.queue, 0",
        "model.gpu-memory, 1 MiB",
        "picture.decoding, 0"
    })
    void whatIsOutOfRangeIsNamed(String key, String value) {
        assertThatThrownBy(() -> load(Map.of(), Map.of(key, value)))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining("serve." + key);
    }

    @Test
    void aDeviceThatDoesNotExistIsNamedWithThoseThatDo() {
        assertThatThrownBy(() -> load(Map.of(), Map.of("model.device", "gpu")))
                .hasMessageContaining("serve.model.device is 'gpu', expected one of [cpu, cuda, auto]");
    }

    private static ServeSettings load(Map<String, String> environment, Map<String, String> commandLine) {
        return Settings.load("serve", Optional.empty(), environment, commandLine)
                .bind(ServeSettings.class);
    }
}
