package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What the server tells of itself, and what it does when there is too much to do and when it stops. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StateTest {
    private static final String POST_HEAD =
            "POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        index = SmallIndex.publish(folder, 1, 51, 60, 2);
        server = TestServers.start(folder, Map.of());
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void itLivesAndIsReady() {
        assertThat(visitor.get("/healthz").json().path("status").asText()).isEqualTo("ok");
        assertThat(visitor.get("/readyz").json().path("status").asText()).isEqualTo("ready");
    }

    @Test
    void theStateNamesGenerationModelShardsListsAndLimits() {
        JsonNode info = visitor.get("/info").json();

        assertThat(info.path("generation").asText()).isEqualTo("gen-000001");
        assertThat(info.path("pictures").asInt()).isEqualTo(60);
        assertThat(info.at("/model/fingerprint").asText())
                .isEqualTo(SmallIndex.BUNDLE.fingerprint().value());
        assertThat(info.at("/model/dimension").asInt()).isEqualTo(SmallIndex.DIMENSION);
        assertThat(info.at("/shards/served")).hasSize(2);
        assertThat(info.at("/lists/nlist").asInt()).isEqualTo(SmallIndex.NLIST);
        assertThat(info.at("/lists/defaultNprobe").asInt()).isEqualTo(SmallIndex.DEFAULT_NPROBE);
        assertThat(info.at("/lists/recall/1/words").asDouble()).isEqualTo(0.7);
        assertThat(info.at("/limits/maxK").asInt()).isEqualTo(3000);
        assertThat(info.at("/limits/maxBodyBytes").asInt()).isEqualTo(16 << 20);
        assertThat(info.path("thumbnailSizes").toString()).isEqualTo("[64,128,256,512]");
    }

    @Test
    void metricsCountRequestsByRouteAndStatus() {
        String found = "imagesearch_requests_total{route=\"/search\",status=\"200\"}";
        String refused = "imagesearch_requests_total{route=\"/search\",status=\"400\"}";
        double foundBefore = visitor.metric(found);
        double refusedBefore = visitor.metric(refused);

        visitor.get("/search?text=a");
        visitor.get("/search?text=b");
        visitor.get("/search?k=b");

        // A request is counted once its answer has left, which its reader may be ahead of.
        TestServers.await(
                "all are counted",
                () -> visitor.metric(found) == foundBefore + 2 && visitor.metric(refused) == refusedBefore + 1);
        assertThat(visitor.metric("imagesearch_pictures")).isEqualTo(60);
        assertThat(visitor.get("/metrics").header("content-type").orElseThrow()).startsWith("text/plain");
        assertThat(visitor.get("/metrics").text()).contains("imagesearch_index{", "generation=\"gen-000001\"");
    }

    @Test
    void theDescriptionNamesEveryRouteParameterAndFieldThatThereIs() {
        JsonNode api = visitor.get("/openapi.json").json();

        assertThat(api.path("openapi").asText()).startsWith("3.");
        assertThat(api.path("paths").fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder(
                        "/search",
                        "/search/batch",
                        "/images/{id}",
                        "/thumbnails/{id}",
                        "/vectors/{id}",
                        "/session",
                        "/admin/takedown",
                        "/admin/restore",
                        "/admin/takedowns",
                        "/info",
                        "/healthz",
                        "/readyz",
                        "/metrics",
                        "/openapi.json",
                        "/indices-list",
                        "/knn-service",
                        "/metadata",
                        "/metrics-summary",
                        "/config.json");
        assertThat(names(api.at("/paths/~1search/get/parameters"), api))
                .containsExactlyInAnyOrder(
                        "text",
                        "id",
                        "k",
                        "nprobe",
                        "recall",
                        "minScore",
                        "nearDuplicates",
                        "withVectors",
                        "partial",
                        "calibrated",
                        "cutoff",
                        "minPercentile",
                        "facets",
                        "facet",
                        "cursor");
        JsonNode answer = visitor.get("/search?id=1000&k=5&withVectors=true&calibrated=true&facets=indoor,outdoor")
                .json();
        assertDescribed(answer, api.at("/components/schemas/Answer"), api, "answer");
        assertDescribed(visitor.get("/info").json(), api.at("/components/schemas/Info"), api, "info");
        assertDescribed(visitor.get("/search").json(), api.at("/components/schemas/Error"), api, "error");
        for (String field : List.of(
                "text",
                "image",
                "id",
                "vector",
                "terms",
                "k",
                "nprobe",
                "recall",
                "minScore",
                "nearDuplicates",
                "calibrated",
                "cutoff",
                "minPercentile",
                "facets",
                "facet",
                "cursor",
                "withVectors",
                "partial")) {
            assertThat(api.at("/components/schemas/Query/properties").has(field))
                    .as(field)
                    .isTrue();
        }
        for (Reply reply : List.of(
                visitor.get("/search"), visitor.get("/search?id=3"), visitor.post("/search", "image/png", new byte[] {1
                }))) {
            assertThat(api.at("/paths/~1search/post/responses").has(String.valueOf(reply.status())))
                    .isTrue();
        }
        assertThat(references(api)).isNotEmpty().allSatisfy(reference -> assertThat(
                        api.at(reference.substring(1)).isMissingNode())
                .as(reference)
                .isFalse());
    }

    private static void assertDescribed(JsonNode value, JsonNode schema, JsonNode api, String where) {
        JsonNode described =
                schema.has("$ref") ? api.at(schema.path("$ref").asText().substring(1)) : schema;
        assertThat(described.isMissingNode()).as(where + " is described").isFalse();
        if (value.isObject() && described.has("properties")) {
            TreeSet<String> fields = new TreeSet<>();
            value.fieldNames().forEachRemaining(fields::add);
            assertThat(described.path("properties").fieldNames())
                    .toIterable()
                    .as("fields of " + where)
                    .containsExactlyInAnyOrderElementsOf(fields);
            fields.forEach(field -> assertDescribed(
                    value.path(field), described.path("properties").path(field), api, where + "." + field));
        } else if (value.isArray() && value.size() > 0) {
            assertDescribed(value.get(0), described.path("items"), api, where + "[]");
        }
    }

    private static List<String> names(JsonNode parameters, JsonNode api) {
        List<String> names = new ArrayList<>();
        parameters.forEach(parameter -> names.add(
                (parameter.has("$ref") ? api.at(parameter.path("$ref").asText().substring(1)) : parameter)
                        .path("name")
                        .asText()));
        return names;
    }

    private static List<String> references(JsonNode node) {
        List<String> references = new ArrayList<>();
        if (node.has("$ref")) {
            references.add(node.path("$ref").asText());
        }
        for (Iterator<JsonNode> children = node.elements(); children.hasNext(); ) {
            references.addAll(references(children.next()));
        }
        return references;
    }

    @Test
    void whoFindsNoPlaceIsToldToComeAgain() throws Exception {
        try (SearchServer narrow = TestServers.start(
                        index.root(), Map.of("http.threads", "1", "http.queue", "1", "http.retry-after", "3 s"));
                Socket first = new Visitor(narrow.address()).connect();
                Socket second = new Visitor(narrow.address()).connect()) {
            Visitor visitor = new Visitor(narrow.address());
            for (Socket socket : List.of(first, second)) {
                socket.getOutputStream().write((POST_HEAD + "Content-Length: 20\r\n\r\n").getBytes(UTF_8));
            }
            TestServers.await("both have a place", () -> visitor.metric("imagesearch_admitted_requests") == 2);

            for (String path : List.of("/search?text=a", "/images/1000", "/thumbnails/1000", "/info")) {
                Reply refused = visitor.get(path);
                assertThat(refused.status()).isEqualTo(503);
                assertThat(refused.errorCode()).isEqualTo("unavailable");
                assertThat(refused.header("retry-after")).hasValue("3");
            }
            assertThat(visitor.metric("imagesearch_refused_requests_total")).isEqualTo(4);
            assertThat(visitor.get("/healthz").status()).isEqualTo(200);
            assertThat(visitor.get("/readyz").status()).isEqualTo(200);

            first.getOutputStream().write("{\"text\":\"a\",\"k\": 1}  ".getBytes(UTF_8));
            first.shutdownOutput();
            assertThat(Visitor.read(first).status()).isEqualTo(200);
            TestServers.await(
                    "a place is free", () -> visitor.get("/search?text=a").status() == 200);
        }
    }

    @Test
    void bodiesTogetherTakeNoMoreThanTheirMemory() throws Exception {
        try (SearchServer narrow =
                        TestServers.start(index.root(), Map.of("http.body", "1 MiB", "http.body-memory", "1 MiB"));
                Socket first = new Visitor(narrow.address()).connect()) {
            Visitor visitor = new Visitor(narrow.address());
            first.getOutputStream().write((POST_HEAD + "Content-Length: 1048576\r\n\r\n").getBytes(UTF_8));
            TestServers.await("it has a place", () -> visitor.metric("imagesearch_admitted_requests") == 1);

            assertThat(visitor.ask("{\"text\":\"a\"}").status()).isEqualTo(503);
            assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);

            first.close();
            TestServers.await(
                    "its memory is free", () -> visitor.ask("{\"text\":\"a\"}").status() == 200);
        }
    }

    @Test
    void aFloodIsAnsweredOrRefusedAndLeavesNothingBehind() {
        try (SearchServer narrow = TestServers.start(index.root(), Map.of("http.threads", "2", "http.queue", "2"))) {
            Visitor visitor = new Visitor(narrow.address());
            List<CompletableFuture<Integer>> flood = Stream.generate(() -> CompletableFuture.supplyAsync(
                            () -> visitor.raw("GET /search?text=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                                    .status(),
                            command -> new Thread(command, "flood").start()))
                    .limit(60)
                    .toList();

            assertThat(flood.stream().map(CompletableFuture::join))
                    .isSubsetOf(200, 503)
                    .contains(200);
            TestServers.await("every place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);
            assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);
        }
    }

    @Test
    void whatIsUnderWayIsAnsweredBeforeTheServerStops() throws Exception {
        SearchServer stopping = TestServers.start(index.root(), Map.of("http.stop-timeout", "20 s"));
        Visitor visitor = new Visitor(stopping.address());
        try (Socket underWay = visitor.connect();
                Socket late = visitor.connect()) {
            underWay.getOutputStream().write((POST_HEAD + "Content-Length: 20\r\n\r\n").getBytes(UTF_8));
            TestServers.await("it has a place", () -> visitor.metric("imagesearch_admitted_requests") == 1);
            CompletableFuture<Void> stopped =
                    CompletableFuture.runAsync(stopping::close, command -> new Thread(command, "stop").start());
            TestServers.await("it stops", () -> visitor.get("/readyz").status() == 503);

            late.getOutputStream().write("GET /search?text=a HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
            Reply refused = Visitor.read(late);
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.errorMessage()).isEqualTo("the server is stopping");
            assertThat(refused.header("retry-after")).isPresent();
            assertThat(stopped).isNotDone();

            underWay.getOutputStream().write("{\"text\":\"a\",\"k\": 1}  ".getBytes(UTF_8));
            Reply answered = Visitor.read(underWay);
            assertThat(answered.status()).isEqualTo(200);
            assertThat(answered.ids()).hasSize(1);
            stopped.join();
        }
    }
}
