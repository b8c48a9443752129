package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.awt.Color;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.imagesearch.server.SmallIndex.Found;
import org.imagesearch.server.SmallIndex.Item;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the page and the Python client of clip-retrieval send and read, to the letter. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClipRetrievalTest {
    private static final int PICTURES = 120;

    /** As {@code fetch} sends a body of text. */
    private static final String TEXT = "text/plain;charset=UTF-8";

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        index = SmallIndex.publish(folder.resolve("holiday"), 1, 11, PICTURES, 3);
        server = TestServers.start(folder.resolve("holiday"), Map.of("search.max-k", "100"));
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    /** All keys, as {@code ClipClient} sends them. */
    private static String asTheClient(String text, String image, String vector, int count) {
        return """
                {"text": %s, "image": %s, "image_url": null, "embedding_input": %s, "deduplicate": false,
                 "use_safety_model": true, "use_violence_detector": true, "indice_name": "holiday", "use_mclip": false,
                 "aesthetic_score": 9, "aesthetic_weight": 0.5, "modality": "image", "num_images": %d, "num_result_ids": %d}"""
                .formatted(text, image, vector, count, count);
    }

    /** As the page sends it, which asks for more than there may be. */
    private static String asThePage(String text, boolean deduplicate) {
        return """
                {"text": "%s", "image": null, "image_url": null, "embedding_input": null, "modality": "image", "num_images": 40,
                 "indice_name": "holiday", "num_result_ids": 3000, "use_mclip": true, "deduplicate": %s, "use_safety_model": true,
                 "use_violence_detector": true, "aesthetic_score": "", "aesthetic_weight": "0.5"}"""
                .formatted(text, deduplicate);
    }

    private Reply post(String path, String body) {
        return visitor.post(path, TEXT, body.getBytes(UTF_8));
    }

    private static List<Long> ids(JsonNode array) {
        List<Long> ids = new ArrayList<>();
        array.forEach(one -> ids.add(one.path("id").asLong()));
        return ids;
    }

    /** @param length by which similarities are greater than those of unit vectors */
    private void assertFinds(JsonNode hits, float[] query, int k, double length) {
        List<Integer> probed = index.lists(query, SmallIndex.DEFAULT_NPROBE);
        List<Found> expected = SmallIndex.best(
                index.items().stream()
                        .filter(item -> probed.contains(item.list()))
                        .toList(),
                query,
                k);
        assertThat(ids(hits)).isEqualTo(expected.stream().map(Found::id).toList());
        for (int i = 0; i < k; i++) {
            JsonNode similarity = hits.get(i).path("similarity");
            assertThat(similarity.isNumber()).isTrue();
            assertThat(similarity.asDouble()).isCloseTo(expected.get(i).score() * length, within(1e-5 * length));
        }
    }

    @Test
    void theFirstIndexIsTheFolder() {
        Reply reply = visitor.get("/indices-list");
        assertThat(reply.json().toString()).isEqualTo("[\"holiday\"]");
        assertThat(reply.header("access-control-allow-origin")).contains("*");
    }

    @Test
    void theClientFindsByWordsPicturesAndVectors() {
        assertFinds(
                post("/knn-service", asTheClient("\"red car\"", "null", "null", 10))
                        .json(),
                SmallIndex.embed("red car"),
                10,
                1);

        byte[] picture = SmallIndex.picture("png", 320, 200, Color.RED);
        String base64 = Base64.getEncoder().encodeToString(picture);
        assertFinds(
                post("/knn-service", asTheClient("null", "\"" + base64 + "\"", "null", 10))
                        .json(),
                SmallIndex.embed(picture),
                10,
                1);

        // Longer than 1, and so are the similarities.
        float[] unit = SmallIndex.randomUnit(new Random(3));
        float[] vector = unit.clone();
        for (int i = 0; i < vector.length; i++) {
            vector[i] *= 2.5f;
        }
        assertFinds(
                post("/knn-service", asTheClient("null", "null", Arrays.toString(vector), 10))
                        .json(),
                unit,
                10,
                2.5);
    }

    @Test
    void aPictureByItsAddressFindsWhatThePictureFinds(@TempDir Path folder) throws IOException {
        SmallIndex.publish(folder.resolve("holiday"), 1, 11, PICTURES, 3);
        byte[] picture = SmallIndex.picture("png", 320, 200, Color.RED);
        HttpServer host = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        host.createContext("/red.png", exchange -> {
            exchange.sendResponseHeaders(200, picture.length);
            exchange.getResponseBody().write(picture);
            exchange.close();
        });
        host.start();
        String name = "localhost:" + host.getAddress().getPort();
        Map<String, String> settings = Map.of("picture.links.hosts", name, "picture.links.private-addresses", "true");
        try (SearchServer following = TestServers.start(folder.resolve("holiday"), settings)) {
            Visitor other = new Visitor(following.address());
            String base64 = '"' + Base64.getEncoder().encodeToString(picture) + '"';
            String address = "\"http:" + "//" + name + "/red.png\"";
            String byAddress =
                    asTheClient("null", "null", "null", 5).replace("\"image_url\": null", "\"image_url\": " + address);

            Reply found = other.post("/knn-service", TEXT, byAddress.getBytes(UTF_8));
            Reply expected = other.post(
                    "/knn-service", TEXT, asTheClient("null", base64, "null", 5).getBytes(UTF_8));

            assertThat(found.status()).as(found.text()).isEqualTo(200);
            assertThat(found.json()).isEqualTo(expected.json()).isNotEmpty();
        } finally {
            host.stop(0);
        }
    }

    @Test
    void wordsComeBeforeAPictureAndEmptyOnesDoNotCount() {
        byte[] picture = SmallIndex.picture("png", 320, 200, Color.BLUE);
        String base64 = "\"" + Base64.getEncoder().encodeToString(picture) + "\"";
        assertFinds(
                post("/knn-service", asTheClient("\"red car\"", base64, "null", 5))
                        .json(),
                SmallIndex.embed("red car"),
                5,
                1);
        assertFinds(
                post("/knn-service", asTheClient("\"\"", base64, "null", 5)).json(), SmallIndex.embed(picture), 5, 1);
    }

    @Test
    void noMediaTypeIsNeeded() {
        byte[] body = asTheClient("\"red car\"", "null", "null", 3).getBytes(UTF_8);
        Reply reply =
                visitor.raw("POST /knn-service HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                        .formatted(body.length, new String(body, UTF_8)));
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.text()).contains("similarity");
    }

    @Test
    void theFirstHitsCarryMetadataAndNoneIsNull() throws IOException {
        String body = asThePage("red car", false).replace("\"num_images\": 40", "\"num_images\": 7");
        JsonNode hits = post("/knn-service", body).json();
        // As many as max-k allows, and lists have.
        assertThat(ids(hits))
                .hasSizeGreaterThan(40)
                .isEqualTo(visitor.get("/search?text=red+car&k=100").ids());
        for (int place = 0; place < hits.size(); place++) {
            JsonNode hit = hits.get(place);
            hit.fields().forEachRemaining(field -> assertThat(field.getValue().isNull())
                    .as(field.getKey())
                    .isFalse());
            Item item = index.item(hit.path("id").asLong());
            if (place >= 7) {
                assertThat(hit).hasSize(2);
            } else {
                assertThat(hit.path("caption").isMissingNode())
                        .isEqualTo(item.row().caption().isEmpty());
                assertThat(hit.has("url") || hit.has("image_path")).isTrue();
            }
        }
        // Pictures that are there come along, small.
        for (int i = 0; i < SmallIndex.DRAWN; i++) {
            long id = index.items().get(i).id();
            JsonNode known = post("/metadata", "{\"ids\":[" + id + "],\"indice_name\":\"holiday\"}")
                    .json()
                    .at("/0/metadata");
            byte[] jpeg = Base64.getDecoder().decode(known.path("image").asText());
            assertThat(ImageIO.read(new ByteArrayInputStream(jpeg)).getWidth()).isPositive();
            assertThat(known.path("image_path").asText()).startsWith("/");
        }
    }

    @Test
    void ofPicturesThatAreAlikeTheBestIsKeptWithoutOthersMovingUp() {
        List<Long> twins = IntStream.rangeClosed(SmallIndex.TWINS, SmallIndex.LAST_TWIN)
                .mapToObj(i -> index.items().get(i).id())
                .toList();
        String vector = Arrays.toString(index.items().get(SmallIndex.TWINS).vector());
        String body = asTheClient("null", "null", vector, 20);
        List<Long> all = ids(post("/knn-service", body).json());
        List<Long> some = ids(post("/knn-service", body.replace("\"deduplicate\": false", "\"deduplicate\": true"))
                .json());
        assertThat(all).hasSize(20).containsAll(twins);
        assertThat(some).hasSizeLessThanOrEqualTo(20 - twins.size() + 1);
        assertThat(some.stream().filter(twins::contains)).containsExactly(all.get(0));
        assertThat(all).containsSubsequence(some);
    }

    @Test
    void metadataComesInTheOrderOfTheIdsWhichMayBeTexts() {
        List<Long> wanted = index.items().stream()
                .skip(30)
                .limit(40)
                .map(Item::id)
                .sorted((a, b) -> Long.compare(b, a))
                .toList();
        String ids = IntStream.range(0, 40)
                .mapToObj(i -> i % 2 == 0 ? wanted.get(i).toString() : "\"" + wanted.get(i) + "\"")
                .collect(Collectors.joining(","));
        JsonNode found = post("/metadata", "{\"ids\":[" + ids + "],\"indice_name\":\"holiday\"}")
                .json();
        assertThat(ids(found)).isEqualTo(wanted);
        assertThat(found.get(0).path("metadata").isObject()).isTrue();

        JsonNode unknown = post("/metadata", "{\"ids\":[\"999999999999999\"],\"indice_name\":null}")
                .json();
        assertThat(unknown.toString()).isEqualTo("[{\"id\":999999999999999,\"metadata\":{}}]");
        assertThat(post("/metadata", "{\"ids\":[]}").json().toString()).isEqualTo("[]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/knn-service | {\"num_images\":3} | nothing to search for",
                "/knn-service | {\"text\":\"a\"} | num_images is missing",
                "/knn-service | {\"text\":\"a\",\"num_images\":3,\"modality\":\"text\"} | modality",
                "/knn-service | {\"text\":\"a\",\"num_images\":3,\"indice_name\":\"other\"} | no index 'other', only 'holiday'",
                "/knn-service | {\"image_url\":\"http://localhost/\",\"num_images\":3} | image_url is not followed",
                "/knn-service | {\"embedding_input\":[1,2],\"num_images\":3} | embedding_input is an array of 2",
                "/knn-service | {\"text\":\"a\",\"num_images\":-3} | num_images is -3",
                "/knn-service | [] | no JSON object",
                "/knn-service | {\"text\": | not valid JSON",
                "/metadata | {\"ids\":[1.5],\"indice_name\":null} | id is 1.5",
                "/metadata | {\"ids\":[\"x\"],\"indice_name\":null} | 'x'",
                "/metadata | {} | ids is missing",
            })
    void whatIsWrongIsToldInAMessage(String path, String body, String message) {
        Reply reply = post(path, body);
        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.json()).hasSize(1);
        assertThat(reply.json().path("message").asText()).contains(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"//knn-service", "///knn-service"})
    void slashesBeforeThePathMayBeMany(String path) {
        byte[] body = asTheClient("\"red car\"", "null", "null", 3).getBytes(UTF_8);
        Reply reply = visitor.raw("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
                .formatted(path, body.length, new String(body, UTF_8)));
        assertThat(reply.status()).isEqualTo(200);
    }

    @Test
    void pagesOfOtherOriginsMayAskButNotForOurOwnApi() {
        for (String path : List.of("/knn-service", "/metadata", "/indices-list")) {
            Reply asked = visitor.raw("OPTIONS " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            assertThat(asked.status()).isEqualTo(204);
            assertThat(asked.header("access-control-allow-origin")).contains("*");
            assertThat(asked.header("access-control-allow-headers").orElseThrow())
                    .contains("Content-Type");
        }
        assertThat(post("/metadata", "{").header("access-control-allow-origin")).contains("*");
        assertThat(visitor.get("/search?id=1000").header("access-control-allow-origin"))
                .isEmpty();
    }

    @Test
    void thePageLearnsWhereItsBackendIs() {
        JsonNode config = visitor.get("/config.json").json();
        assertThat(config.path("defaultBackend").asText())
                .isEqualTo(server.address().toString());
        assertThat(config.path("defaultIndex").asText()).isEqualTo("holiday");
        assertThat(config.path("urlColumn").asText()).isEqualTo("url");
    }

    @Test
    void timesAreCountedUnderTheNamesOfTheDashboard(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 11, 40, 1);
        try (SearchServer fresh = TestServers.start(folder, Map.of("http.clip-retrieval-origin", ""))) {
            Visitor other = new Visitor(fresh.address());
            assertThat(other.get("/metrics-summary").text()).isEqualTo("No request yet, go do some");
            String body = "{\"text\":\"red car\",\"num_images\":3,\"deduplicate\":true}";
            Reply reply = other.post("/knn-service", TEXT, body.getBytes(UTF_8));
            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.header("access-control-allow-origin")).isEmpty();
            for (String name :
                    List.of("full_knn_request_time", "text_clip_inference_time", "knn_index_time", "dedup_time")) {
                assertThat(other.metric(name + "_count")).as(name).isEqualTo(1);
                assertThat(other.metric(name + "_sum")).as(name).isPositive();
            }
            for (String name : List.of(
                    "download_time",
                    "image_clip_inference_time",
                    "metadata_get_time",
                    "safety_time",
                    "image_prepro_time",
                    "text_prepro_time")) {
                assertThat(other.get("/metrics").text()).contains(name + "_bucket{le=\"0.005\"} 0");
            }
            assertThat(other.get("/metrics-summary").text())
                    .contains("full_knn_request_time", "dedup_time")
                    .doesNotContain("safety_time");
        }
    }
}
