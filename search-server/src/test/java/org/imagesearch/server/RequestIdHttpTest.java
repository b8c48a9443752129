package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.imagesearch.server.Visitor.Reply;
import org.imagesearch.server.shards.LocalGeneration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The ids of requests, from the client's header to the log of a node, and the lines about slow requests. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestIdHttpTest {
    private static final String HEADER = "x-request-id";
    private static final String MADE = "[0-9a-f]{32}";

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void start(@TempDir Path folder) {
        index = SmallIndex.publish(folder, 1, 17, 60, 2);
        server = TestServers.start(folder, Map.of("http.slow-request", "0 s", "index.screen", "never"));
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void everyAnswerHasOne() {
        List<String> seen = new ArrayList<>();
        for (String path :
                List.of("/search?text=a", "/search?k=0", "/none", "/", "/healthz", "/metrics", "/images/1")) {
            String id = visitor.get(path).header(HEADER).orElseThrow();
            assertThat(id).as(path).matches(MADE);
            seen.add(id);
        }
        assertThat(seen).doesNotHaveDuplicates();
    }

    @Test
    void thatOfTheClientIsKeptIfItIsSound() {
        assertThat(visitor.with("X-Request-Id", "from/the-client:1")
                        .get("/healthz")
                        .header(HEADER))
                .hasValue("from/the-client:1");
        assertThat(visitor.with("X-Request-Id", "no id at all").get("/healthz").header(HEADER))
                .hasValueSatisfying(id -> assertThat(id).matches(MADE));
        Reply twoLines =
                visitor.raw("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: a\r\n b\r\nConnection: close\r\n\r\n");
        assertThat(twoLines.header(HEADER).orElse("")).doesNotContain("\n");
    }

    @Test
    void errorsNameIt() {
        Visitor client = visitor.with("X-Request-Id", "mine");
        assertThat(client.get("/search?k=0").json().at("/error/requestId").asText())
                .isEqualTo("mine");
        assertThat(client.post("/search", "image/png", new byte[9])
                        .json()
                        .at("/error/requestId")
                        .asText())
                .isEqualTo("mine");
        Reply batch = client.post("/search/batch", "application/json", "{\"queries\":[{\"k\":0}]}".getBytes(UTF_8));
        assertThat(batch.json().at("/answers/0/error/requestId").asText()).isEqualTo("mine");
    }

    @Test
    void aRequestIsToldWhereItsTimeWentAndNothingOfWhatItAsked() {
        try (LogCapture log = new LogCapture()) {
            visitor.with("X-Request-Id", "slow-1").get("/search?text=unmentionable&k=7&nprobe=3");
            visitor.with("X-Request-Id", "slow-2").get("/search?k=unmentionable");
            visitor.with("X-Request-Id", "slow-3")
                    .get("/images/" + index.items().get(0).id());
            visitor.with("X-Request-Id", "slow-4")
                    .post(
                            "/search/batch",
                            "application/json",
                            "{\"queries\":[{\"text\":\"unmentionable\",\"k\":4},{\"text\":\"b\",\"k\":5}]}"
                                    .getBytes(UTF_8));

            String times = "ms=[0-9.]+ waitMs=[0-9.]+ ";
            String sent = "receiveMs=[0-9.]+ sendMs=[0-9.]+ request=";
            String searched = "encodeMs=[0-9.]+ searchMs=[0-9.]+ ";
            await(
                    log,
                    "slow request method=GET route=/search status=200 " + times + searched
                            + "searches=1 nprobe=3 hits=7 " + sent + "slow-1");
            await(log, "slow request method=GET route=/search status=400 " + times + sent + "slow-2");
            await(log, "slow request method=GET route=/images/\\{id} status=[0-9]+ " + times + sent + "slow-3");
            await(
                    log,
                    "slow request method=POST route=/search/batch status=200 " + times + searched
                            + "searches=2 nprobe=[0-9]+ hits=9 " + sent + "slow-4");
            assertThat(String.join("\n", log.lines())).doesNotContain("unmentionable");
        }
    }

    @Test
    void byDefaultOnlySlowOnesAreTold() {
        try (SearchServer quick = TestServers.start(index.root(), Map.of());
                LogCapture log = new LogCapture()) {
            Visitor asking = new Visitor(quick.address());
            asking.get("/search?text=a");
            assertThat(asking.metric("imagesearch_requests_total{route=\"/search\",status=\"200\"}"))
                    .isEqualTo(1);
            assertThat(log.lines()).noneMatch(line -> line.startsWith("slow request"));
        }
    }

    @Test
    void whatFailsOnAnotherThreadIsLoggedWithIt(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 18, 60, 2);
        // Nothing of it is in memory for sure, so each shard is scanned on a thread of its own.
        Map<String, String> settings = Map.of("index.screen", "never", "index.map", "true");
        try (SearchServer failing = TestServers.start(folder, settings);
                LogCapture log = new LogCapture()) {
            loseShard(failing, 1);
            Visitor asking = new Visitor(failing.address());
            asking.with("X-Request-Id", "scan-7").get("/search?text=a&filter=id%3E=0");

            await(log, "(?s)scan failed shard=1 request=scan-7.*");
        }
    }

    @Test
    void aNodeLogsTheIdThatTheBrokerWasAskedWith() {
        try (SearchServer node =
                        TestServers.start(index.root(), Map.of("http.slow-request", "0 s", "index.screen", "never"));
                SearchServer broker = TestServers.start(
                        index.root(),
                        Map.of("nodes.addresses", "localhost:" + node.address().getPort()));
                LogCapture log = new LogCapture()) {
            Visitor asking = new Visitor(broker.address());
            assertThat(asking.with("X-Request-Id", "far-1")
                            .get("/search?text=a")
                            .status())
                    .isEqualTo(200);

            await(log, "slow question kind=scan shards=\\[0, 1] ms=[0-9]+ peer=\\S+ request=far-1");
            await(log, "slow question kind=lookup shards=\\[.*] ms=[0-9]+ peer=\\S+ request=far-1");

            loseShard(node, 0);
            asking.with("X-Request-Id", "far-2").get("/search?text=a");
            await(log, "(?s)scan failed shard=0 request=far-2.*");
        }
    }

    /** Its memory is gone under it: every scan of it fails from now on. */
    private static void loseShard(SearchServer server, int shard) {
        server.index().with(generation -> {
            ((LocalGeneration) generation).openShards().get(shard).vectors().close();
            return null;
        });
    }

    /** A request is told of when its answer is sent: the client may have it before. */
    private static void await(LogCapture log, String pattern) {
        Predicate<String> matches = line -> line.matches(pattern);
        TestServers.await(pattern, () -> log.lines().stream().anyMatch(matches));
    }
}
