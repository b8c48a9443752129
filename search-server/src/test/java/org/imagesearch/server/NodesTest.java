package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker over nodes, all of them real servers on this machine. */
class NodesTest {
    private static final int PICTURES = 90;
    private static final Map<String, String> QUICK = Map.of("index.poll", "5 ms", "nodes.silence", "1 s");

    private final List<SearchServer> servers = new ArrayList<>();
    private Path folder;
    private SmallIndex index;

    @BeforeEach
    void publish(@TempDir Path empty) {
        folder = empty;
        index = SmallIndex.publish(folder, 1, 71, PICTURES, 4);
    }

    @AfterEach
    void stop() {
        servers.forEach(SearchServer::close);
    }

    private SearchServer start(Map<String, String> settings) {
        Map<String, String> all = new HashMap<>(QUICK);
        all.putAll(settings);
        SearchServer server = TestServers.start(folder, all);
        servers.add(server);
        return server;
    }

    private SearchServer node(String shards) {
        return start(Map.of("index.shards", shards));
    }

    private Visitor broker(SearchServer... nodes) {
        return broker(Map.of(), nodes);
    }

    private Visitor broker(Map<String, String> settings, SearchServer... nodes) {
        Map<String, String> all = new HashMap<>(settings);
        all.put(
                "nodes.addresses",
                String.join(
                        ",",
                        List.of(nodes).stream()
                                .map(node -> "localhost:" + node.address().getPort())
                                .toList()));
        return new Visitor(start(all).address());
    }

    private void stop(SearchServer server) {
        servers.remove(server);
        server.close();
    }

    @Test
    void aBrokerAnswersWhatOneServerWithAllShardsDoes() {
        Visitor alone = new Visitor(node("").address());
        Visitor broker = broker(node("0-1"), node("2"), node("3"));
        long id = index.items().get(40).id();
        for (String path : List.of(
                "/search?text=red+car&k=10",
                "/search?text=carro+rojo&k=90&nprobe=8&withVectors=true",
                "/search?id=" + id + "&k=7",
                "/search?id=" + id + "&k=30&nearDuplicates=0.99",
                "/search?text=car&minScore=0.01&k=50",
                "/search?text=car&recall=0.95&partial=false",
                "/search?text=car&nprobe=8&k=20&filter=year%3E=2030+AND+caption:picture")) {
            assertThat(withoutTimes(broker.get(path))).as(path).isEqualTo(withoutTimes(alone.get(path)));
        }
        String mix = "{\"terms\":[{\"id\":%d,\"weight\":1},{\"id\":%d,\"weight\":-0.5}],\"k\":12}"
                .formatted(id, index.items().get(3).id());
        assertThat(withoutTimes(broker.ask(mix))).isEqualTo(withoutTimes(alone.ask(mix)));
        for (String path : List.of("/vectors/" + id, "/vectors/1", "/images/1000", "/images/1", "/thumbnails/1007")) {
            Reply expected = alone.with("X-Request-Id", "the-same").get(path);
            Reply found = broker.with("X-Request-Id", "the-same").get(path);
            assertThat(found.status()).as(path).isEqualTo(expected.status());
            assertThat(found.body()).as(path).isEqualTo(expected.body());
        }
        String knn = "{\"text\":\"car\",\"num_images\":20,\"num_result_ids\":20,\"indice_name\":\"x\"}";
        assertThat(broker.post("/knn-service", "text/plain", knn.getBytes(UTF_8))
                        .json())
                .isEqualTo(alone.post("/knn-service", "text/plain", knn.getBytes(UTF_8))
                        .json());
    }

    @Test
    void theMetadataOfManyPicturesIsAskedForInOneRound() {
        SearchServer second = node("2-3");
        Visitor broker = broker(node("0-1"), second);
        String ids =
                index.items().stream().map(item -> Long.toString(item.id())).collect(Collectors.joining(",")) + ",5,"
                        + index.items().get(0).id();
        byte[] request = ("{\"ids\":[" + ids + "],\"indice_name\":\"\"}").getBytes(UTF_8);
        double before = questions(broker);

        Reply found = broker.post("/metadata", "text/plain", request);

        assertThat(found.status()).as(found.text()).isEqualTo(200);
        assertThat(found.json()).hasSize(PICTURES + 2);
        assertThat(found.json().get(PICTURES).path("metadata")).isEmpty();
        assertThat(found.json().get(PICTURES + 1)).isEqualTo(found.json().get(0));
        assertThat(found.json())
                .isEqualTo(new Visitor(node("").address())
                        .post("/metadata", "text/plain", request)
                        .json());
        // A late node may be asked twice.
        assertThat(questions(broker) - before).isBetween(2.0, 4.0);

        stop(second);
        Reply missing = broker.post("/metadata", "text/plain", request);
        assertThat(missing.status()).as(missing.text()).isEqualTo(503);
    }

    /** Those to all nodes. */
    private static double questions(Visitor broker) {
        return broker.get("/metrics")
                .text()
                .lines()
                .filter(line -> line.startsWith("imagesearch_node_questions_total{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    private static JsonNode withoutTimes(Reply reply) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        return ((ObjectNode) reply.json()).without("took");
    }

    @Test
    void replicasTakeOverAndWithoutThemAnswersSayWhatIsMissing() {
        SearchServer first = node("0-1");
        SearchServer second = node("0-1");
        SearchServer third = node("2-3");
        Visitor broker = broker(first, second, third);
        String all = "/search?text=car&k=90&nprobe=8";
        assertThat(broker.get(all).ids()).hasSize(PICTURES);

        stop(first);
        for (int i = 0; i < 20; i++) {
            assertThat(broker.get(all).ids()).hasSize(PICTURES);
        }
        String port = Integer.toString(second.address().getPort());
        stop(second);
        Reply partial = broker.get(all);
        assertThat(partial.status()).isEqualTo(200);
        assertThat(partial.json().at("/shards/answered").asInt()).isEqualTo(2);
        assertThat(partial.json().at("/shards/degraded").toString())
                .isEqualTo("[{\"shard\":0,\"reason\":\"unreachable\"},{\"shard\":1,\"reason\":\"unreachable\"}]");
        assertThat(partial.ids())
                .containsExactlyInAnyOrderElementsOf(index.items().stream()
                        .filter(item -> item.shard() >= 2)
                        .map(SmallIndex.Item::id)
                        .toList());
        Reply refused = broker.get(all + "&partial=false");
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.errorMessage()).contains("shard 0 unreachable");
        assertThat(broker.get("/vectors/1").status()).as("nobody knows").isEqualTo(503);
        assertThat(broker.metric("imagesearch_reachable_shards")).isEqualTo(2);

        start(Map.of("index.shards", "0-1", "http.port", port));
        TestServers.await("all shards are back", () -> broker.get(all).ids().size() == PICTURES);
    }

    @Test
    void withoutAnyNodeItIsNotReadyAndSaysSo() {
        SearchServer only = node("");
        Visitor broker = broker(only);
        assertThat(broker.get("/readyz").status()).isEqualTo(200);
        stop(only);
        TestServers.await("it notices", () -> broker.get("/readyz").status() == 503);
        Reply reply = broker.get("/search?text=car");
        assertThat(reply.status()).isEqualTo(503);
        assertThat(reply.errorMessage()).isEqualTo("none of 4 shards can be reached");
    }

    @Test
    void whatIsTakenDownThroughTheBrokerIsGoneAtOnce() {
        Visitor broker = broker(node("0-1"), node("2-3"));
        long id = index.items().get(50).id();
        Reply similar = broker.post(
                "/admin/takedown",
                "application/json",
                "{\"id\":%d,\"minScore\":0.999,\"dryRun\":true}".formatted(id).getBytes(UTF_8));
        assertThat(similar.json().path("matches").findValuesAsText("id")).containsExactly(Long.toString(id));

        Reply taken = broker.post("/admin/takedown", "application/json", ("{\"ids\":[" + id + ",5]}").getBytes(UTF_8));
        assertThat(taken.json().path("inIndex").asInt()).isEqualTo(1);
        assertThat(broker.get("/search?text=car&k=90&nprobe=8").ids())
                .hasSize(PICTURES - 1)
                .doesNotContain(id);
        assertThat(broker.get("/vectors/" + id).status()).isEqualTo(404);
        TestServers.await("the nodes know too", () -> broker.metric("imagesearch_taken_down_pictures") == 1);
        assertThat(broker.get("/search?text=car&k=89&nprobe=8").ids()).hasSize(89);
    }

    @Test
    void noAnswerFailsOrIsMixedWhileNodesChangeToAnotherGenerationEachInItsTime() {
        SmallIndex second = SmallIndex.write(folder, 2, 72, PICTURES + 1, 4);
        SearchServer slow = start(Map.of("index.shards", "2-3", "index.poll", "300 ms"));
        Visitor broker = broker(node("0-1"), slow);
        AtomicBoolean enough = new AtomicBoolean();
        AtomicLong answers = new AtomicLong();
        List<CompletableFuture<Void>> asking = IntStream.range(0, 2)
                .mapToObj(i -> CompletableFuture.runAsync(
                        () -> {
                            while (!enough.get()) {
                                assertWhole(broker.get("/search?nprobe=8&k=100&partial=false&text=car+" + i), second);
                                answers.incrementAndGet();
                            }
                        },
                        command -> new Thread(command, "asking").start()))
                .toList();
        for (SmallIndex next : List.of(second, index, second)) {
            next.publish();
            TestServers.await(
                    next.generation() + " is served",
                    () -> broker.get("/search?text=a")
                                    .json()
                                    .path("generation")
                                    .asText()
                                    .equals(next.generation())
                            || asking.stream().anyMatch(CompletableFuture::isCompletedExceptionally));
        }
        enough.set(true);
        asking.forEach(CompletableFuture::join);
        assertThat(answers.get()).isPositive();
    }

    private void assertWhole(Reply reply, SmallIndex second) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        boolean isFirst = reply.json().path("generation").asText().equals("gen-000001");
        SmallIndex expected = isFirst ? index : second;
        assertThat(reply.ids()).hasSize(expected.items().size());
        assertThat(Set.copyOf(reply.json().findValuesAsText("caption")))
                .allMatch(caption -> caption.equals("null") || caption.endsWith(" of " + (isFirst ? 1 : 2)));
    }

    @Test
    void aNodeAnswersOnlyBrokersThatKnowItsSecret() {
        String secret = "a secret of nodes".replace(' ', '-');
        SearchServer node = start(Map.of("nodes.secret", secret));
        try (LogCapture log = new LogCapture()) {
            Visitor stranger = broker(Map.of("nodes.await", "0 s"), node);
            assertThat(stranger.get("/search?text=a").status()).isEqualTo(503);
            TestServers.await("the broker tells why", () -> log.lines().stream()
                    .anyMatch(line -> line.startsWith("node unreachable")
                            && line.contains("401 Unauthorized")
                            && line.contains(": serve.nodes.secret of the node's settings is needed")));
        }
        assertThat(broker(Map.of("nodes.secret", secret), node)
                        .get("/search?text=a")
                        .status())
                .isEqualTo(200);
        assertThat(new Visitor(node.address()).get("/node").status()).isEqualTo(401);
        assertThat(new Visitor(node("").address()).get("/node").status()).isEqualTo(400);
    }

    @Test
    void nodesComeAndGoWithTheFileThatNamesThem() throws Exception {
        Path file = folder.resolve("nodes");
        SearchServer first = node("0-3");
        SearchServer second = node("0-3");
        Files.writeString(file, "# those we have\nlocalhost:" + first.address().getPort() + "\n");
        Visitor broker =
                new Visitor(start(Map.of("nodes.addresses", "@" + file)).address());
        assertThat(nodes(broker)).hasSize(1);
        assertThat(broker.get("/search?text=a").status()).isEqualTo(200);

        Files.writeString(file, "localhost:" + second.address().getPort() + " # another one\n");
        TestServers.await("the other one is asked", () -> nodes(broker)
                .equals(List.of("127.0.0.1:" + second.address().getPort())));
        TestServers.await(
                "it answers", () -> broker.get("/search?text=a&k=90&nprobe=8").status() == 200);
        assertThat(broker.get("/search?text=a&k=90&nprobe=8").ids()).hasSize(PICTURES);
    }

    @Test
    void aBrokerThatIsToldSoFindsTheNodesInTheIndex() throws Exception {
        SearchServer first = node("0-3");
        SearchServer second = node("0-3");
        Path file = folder.resolve("nodes");
        Files.writeString(file, "localhost:" + first.address().getPort() + "\n");
        Visitor broker = new Visitor(start(Map.of("nodes.addresses", "index")).address());
        assertThat(broker.get("/search?text=a&k=90&nprobe=8").ids()).hasSize(PICTURES);

        Path moved = Files.writeString(
                folder.resolve("moved"), "localhost:" + second.address().getPort() + "\n");
        Files.move(moved, file, StandardCopyOption.REPLACE_EXISTING);
        TestServers.await("a node that has moved is followed", () -> nodes(broker)
                .equals(List.of("127.0.0.1:" + second.address().getPort())));
        TestServers.await(
                "it answers", () -> broker.get("/search?text=a&k=90&nprobe=8").status() == 200);
    }

    private static List<String> nodes(Visitor broker) {
        return broker.get("/info").json().path("nodes").findValuesAsText("address");
    }

    @Test
    void aServerHasShardsOrAsksNodes() {
        assertThatThrownBy(() -> start(Map.of("index.shards", "0", "nodes.addresses", "localhost:1")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("--shards 0 and --nodes are both given");
        assertThatThrownBy(() -> start(Map.of("nodes.addresses", "localhost")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("--nodes names 'localhost', expected host:port");
        assertThatThrownBy(() -> start(Map.of("nodes.addresses", "@" + folder.resolve("none"))))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("none");
        assertThatThrownBy(() -> start(Map.of("nodes.addresses", "index")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("--nodes: cannot read " + folder.resolve("nodes"));
    }
}
