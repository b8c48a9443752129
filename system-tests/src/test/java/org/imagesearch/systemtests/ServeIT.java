package org.imagesearch.systemtests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.imagesearch.clip.ModelBundle;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code bin/serve} over a real index: what people find over HTTP, how it ends, and what it refuses to start with. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ServeIT {
    private static final int PICTURES = 2 * DemoIndex.EMOJI;
    private static final int SHARDS = 4;
    private static final Duration STARTED_WITHIN = Duration.ofSeconds(90);
    private static final Duration STOPPED_WITHIN = Duration.ofSeconds(15);
    private static final Pattern SERVING =
            Pattern.compile("serving ([\\d,]+) pictures in (\\d+) shards .* at (http://\\S+)");
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient client = HttpClient.newHttpClient();

    private DemoIndex demo;
    private RunningServer server;

    @BeforeAll
    void startServer() {
        demo = DemoIndex.of(PICTURES, SHARDS);
        server = RunningServer.over(demo);
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "hamburger, hamburger",
        "hampurilainen, hamburger",
        "perro, dog|dog face",
        "собака, dog|dog face",
        "grüner Apfel, green apple"
    })
    void wordsInManyLanguagesFindTheirPicturesFirst(String words, String captions) {
        JsonNode answer = ask(get("search?k=1&text=" + URLEncoder.encode(words, UTF_8)));

        assertThat(answer.at("/hits/0/caption").asText()).isIn(List.of(captions.split("\\|")));
        assertThat(answer.at("/shards/answered").asInt()).isEqualTo(SHARDS);
    }

    /** The small demo model takes a few characters for more than one thing. */
    @ParameterizedTest
    @CsvSource({"ハンバーガー, hamburger", "猫, cat"})
    void wordsInOtherScriptsFindTheirPicturesAmongTheFirst(String words, String caption) {
        JsonNode answer = ask(get("search?k=5&text=" + URLEncoder.encode(words, UTF_8)));

        assertThat(answer.findValuesAsText("caption")).contains(caption);
    }

    @Test
    void aPictureThatIsNotIndexedFindsItsEmoji() {
        List<Path> fresh = demo.freshPictures(5);

        long found = fresh.stream()
                .filter(picture -> ask(post("search?k=1", "image/jpeg", bytes(picture)))
                        .at("/hits/0/caption")
                        .asText()
                        .equals(DemoIndex.caption(picture)))
                .count();

        assertThat(found)
                .as("pictures that found their emoji first, of %s", fresh)
                .isGreaterThanOrEqualTo(4);
    }

    @Test
    void anIdFindsItselfFirstThenItsLike() {
        int alike = 0;
        for (int id = 0; id < 100; id += 10) {
            JsonNode answer = ask(get("search?k=2&id=" + id));
            assertThat(answer.at("/hits/0/id").asInt()).isEqualTo(id);
            assertThat(answer.at("/hits/0/score").asDouble()).isCloseTo(1, within(1e-4));
            alike += answer.at("/hits/0/caption").equals(answer.at("/hits/1/caption")) ? 1 : 0;
        }

        assertThat(alike).as("ids of ten whose second hit shows the same emoji").isGreaterThanOrEqualTo(7);
    }

    @Test
    void termsAreMixedByTheirWeights() {
        int id = ask(get("search?k=1&text=hamburger")).at("/hits/0/id").asInt();

        JsonNode both = ask(json("{\"terms\":[{\"text\":\"hamburger\"},{\"id\":" + id + ",\"weight\":0.5}],\"k\":2}"));
        JsonNode without =
                ask(json("{\"terms\":[{\"text\":\"hamburger\"},{\"id\":" + id + ",\"weight\":-1}],\"k\":10}"));

        assertThat(both.at("/hits/0/id").asInt()).isEqualTo(id);
        assertThat(both.at("/hits/1/caption").asText()).isEqualTo("hamburger");
        assertThat(without.path("hits")).hasSize(10);
        assertThat(without.findValuesAsText("id")).doesNotContain(String.valueOf(id));
    }

    @Test
    void hitsHaveTheirPicturesAndThumbnails() {
        JsonNode hit = ask(get("search?k=1&text=hamburger")).at("/hits/0");

        HttpResponse<byte[]> picture = send(get("images/" + hit.path("id").asLong()));
        HttpResponse<byte[]> thumbnail = send(get("thumbnails/" + hit.path("id").asLong() + "?size=64"));

        assertThat(picture.body())
                .isEqualTo(bytes(Path.of(URI.create(hit.path("uri").asText()))));
        assertThat(thumbnail.statusCode()).isEqualTo(200);
        assertThat(thumbnail.headers().firstValue("Content-Type")).hasValue("image/jpeg");
    }

    @Test
    void aTerminatedServerEndsCleanlyAndSoon(@TempDir Path folder) throws Exception {
        Path log = folder.resolve("serve.log");
        Process process = serve(log, demo.index(), demo.model());
        try {
            Matcher serving = awaitServing(process, log);
            assertThat(serving.group(1)).isEqualTo("3,200");
            URI address = URI.create(serving.group(3) + "/");
            assertThat(send(HttpRequest.newBuilder(address.resolve("search?text=car"))
                                    .build())
                            .statusCode())
                    .isEqualTo(200);

            process.destroy();

            assertThat(process.waitFor(STOPPED_WITHIN.toSeconds(), TimeUnit.SECONDS))
                    .as("ended in time")
                    .isTrue();
            assertThat(process.exitValue()).isIn(0, 128 + 15);
            assertThat(Files.readString(log)).doesNotContain("Exception").doesNotContain("SIGSEGV");
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void anotherModelIsRefusedWithBothFingerprints(@TempDir Path folder) throws Exception {
        Path bundle = folder.resolve("bundle");
        copy(demo.model(), bundle);
        Path manifest = bundle.resolve(ModelBundle.MANIFEST);
        Files.writeString(manifest, Files.readString(manifest).replace("\"version\": \"1\"", "\"version\": \"other\""));

        Ended ended = serveToItsEnd(folder.resolve("serve.log"), demo.index(), bundle);

        assertThat(ended.status).isEqualTo(2);
        assertThat(ended.lastLine)
                .startsWith("serve: ")
                .contains(ModelBundle.open(demo.model()).fingerprint().value())
                .contains(ModelBundle.open(bundle).fingerprint().value());
    }

    @Test
    void aFlippedBitInAShardIsRefusedAndTheShardNamed(@TempDir Path folder) throws Exception {
        Path index = folder.resolve("index");
        copy(demo.index(), index);
        Path shard = index.resolve("gen-000001/shard-00002.faiss");
        byte[] bytes = bytes(shard);
        bytes[bytes.length - 12_345] ^= 1;
        Files.write(shard, bytes);

        Ended ended = serveToItsEnd(folder.resolve("serve.log"), index, demo.model());

        assertThat(ended.status).isEqualTo(1);
        assertThat(ended.lastLine)
                .startsWith("serve: ")
                .contains(shard.toString())
                .contains("damaged");
    }

    private record Ended(int status, String lastLine) {}

    private static Ended serveToItsEnd(Path log, Path index, Path model) throws Exception {
        Process process = serve(log, index, model);
        try {
            assertThat(process.waitFor(STARTED_WITHIN.toSeconds(), TimeUnit.SECONDS))
                    .as("ended")
                    .isTrue();
            List<String> lines = Files.readAllLines(log);
            return new Ended(process.exitValue(), lines.isEmpty() ? "" : lines.get(lines.size() - 1));
        } finally {
            process.destroyForcibly();
        }
    }

    private static Process serve(Path log, Path index, Path model) {
        return Command.start(
                log, List.of("bin/serve", "--index", index.toString(), "--model", model.toString(), "--port", "0"));
    }

    private static Matcher awaitServing(Process process, Path log) throws Exception {
        Instant deadline = Instant.now().plus(STARTED_WITHIN);
        while (process.isAlive() && Instant.now().isBefore(deadline)) {
            Matcher serving = SERVING.matcher(Files.readString(log));
            if (serving.find()) {
                return serving;
            }
            process.waitFor(100, TimeUnit.MILLISECONDS);
        }
        throw new AssertionError("bin/serve did not come up:\n" + Command.tail(log));
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(from)) {
            walk.forEach(paths::add);
        }
        for (Path path : paths) {
            Files.copy(path, to.resolve(from.relativize(path).toString()));
        }
    }

    private HttpRequest get(String path) {
        return HttpRequest.newBuilder(server.address().resolve(path)).build();
    }

    private HttpRequest json(String body) {
        return post("search", "application/json", body.getBytes(UTF_8));
    }

    private HttpRequest post(String path, String type, byte[] body) {
        return HttpRequest.newBuilder(server.address().resolve(path))
                .header("Content-Type", type)
                .POST(BodyPublishers.ofByteArray(body))
                .build();
    }

    private JsonNode ask(HttpRequest request) {
        HttpResponse<byte[]> response = send(request);
        assertThat(response.statusCode()).as(new String(response.body(), UTF_8)).isEqualTo(200);
        try {
            return MAPPER.readTree(response.body());
        } catch (IOException e) {
            throw new AssertionError("no JSON: " + new String(response.body(), UTF_8), e);
        }
    }

    private HttpResponse<byte[]> send(HttpRequest request) {
        try {
            return client.send(request, BodyHandlers.ofByteArray());
        } catch (IOException e) {
            throw new AssertionError("no answer to " + request, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while asking " + request, e);
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new AssertionError("cannot read " + file, e);
        }
    }
}
