package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.imagesearch.server.SmallIndex.Item;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Searches that are limited to some pictures, as clients ask for them. */
class FilterTest {
    private static final int PICTURES = 400;

    @TempDir
    Path folder;

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeEach
    void startServer() {
        index = SmallIndex.publish(folder, 1, 91, PICTURES, 3);
        server = TestServers.start(folder, Map.of("index.poll", "5 ms"));
        visitor = new Visitor(server.address());
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void aFilterGoesWithWordsPicturesAndJson() throws Exception {
        String filter = "width>=400 AND (caption:\"of 1\" OR year<2100) AND NOT album:2";
        Predicate<Item> means = item -> item.row().width() >= 400
                && (item.row().caption().isPresent() || year(item) < 2100)
                && !item.row().extra().get("album").equals("album 2");
        List<Item> matches = index.items().stream().filter(means).toList();
        String encoded = "&filter=" + URLEncoder.encode(filter, UTF_8);
        byte[] picture =
                Files.readAllBytes(Path.of(URI.create(index.items().get(0).row().uri())));

        assertFinds(visitor.get("/search?nprobe=8&k=30&text=car" + encoded), matches, SmallIndex.embed("car"), 30);
        assertFinds(
                visitor.post("/search?nprobe=8&k=30" + encoded, "image/png", picture),
                matches,
                SmallIndex.embed(picture),
                30);
        assertFinds(
                visitor.ask("{\"text\":\"car\",\"nprobe\":8,\"k\":400,\"filter\":\"" + filter.replace("\"", "\\\"")
                        + "\"}"),
                matches,
                SmallIndex.embed("car"),
                400);
    }

    @Test
    void asManyHitsAreFoundAsThereAreHoweverFewListsAreScanned() {
        for (String filter : List.of("year=2077", "year>=2380", "caption:picture", "id:*")) {
            int expected =
                    switch (filter) {
                        case "year=2077" -> 1;
                        case "year>=2380" -> 20;
                        case "caption:picture" -> 320;
                        default -> 400;
                    };
            Reply reply = visitor.get("/search?nprobe=1&k=400&text=a&filter=" + URLEncoder.encode(filter, UTF_8));
            assertThat(reply.ids()).as(filter).hasSize(expected).doesNotHaveDuplicates();
            assertThat(reply.json().at("/probed/expectedRecall").isNull()).isTrue();
        }
        assertThat(visitor.get("/search?text=a&filter=year%3E9999").ids()).isEmpty();
    }

    @Test
    void whatIsTakenDownAndGivenBackCountsAtOnce() {
        String address = "/search?nprobe=1&k=3&text=a&filter=year%3E=2397";
        List<Long> before = visitor.get(address).ids();
        assertThat(before).hasSize(3);
        visitor.post("/admin/takedown", "application/json", ("{\"id\":" + before.get(1) + "}").getBytes(UTF_8));
        assertThat(visitor.get(address).ids()).containsExactly(before.get(0), before.get(2));
        visitor.post("/admin/restore", "application/json", ("{\"id\":" + before.get(1) + "}").getBytes(UTF_8));
        assertThat(visitor.get(address).ids()).isEqualTo(before);
    }

    @Test
    void whatIsKeptOfFiltersIsCountedThroughTakedowns() {
        assertThat(filterCache("misses_total")).isZero();
        visitor.get("/search?text=a&filter=year%3E2200");
        visitor.get("/search?text=b&filter=year%3E2200");
        assertThat(filterCache("misses_total")).as("once per shard").isEqualTo(3);
        assertThat(filterCache("hits_total")).isEqualTo(3);
        assertThat(filterCache("evictions_total")).isZero();
        double bytes = filterCache("bytes");
        assertThat(bytes).isPositive();

        visitor.post("/admin/takedown", "application/json", "{\"id\":1000}".getBytes(UTF_8));
        visitor.get("/search?text=b&filter=year%3E2200");
        assertThat(filterCache("misses_total")).as("what is taken down matters").isEqualTo(6);
        assertThat(filterCache("hits_total")).isEqualTo(3);
        assertThat(filterCache("bytes"))
                .as("what was kept before is given back")
                .isLessThan(2 * bytes);
    }

    private double filterCache(String name) {
        return visitor.metric("imagesearch_filter_cache_" + name);
    }

    @Test
    void theColumnsAreTold() {
        List<String> columns = new ArrayList<>();
        for (JsonNode column : visitor.get("/info").json().path("columns")) {
            columns.add(column.path("name").asText() + " " + column.path("type").asText());
        }
        assertThat(columns)
                .containsExactly(
                        "id integer",
                        "uri text",
                        "width integer",
                        "height integer",
                        "caption text",
                        "album text",
                        "year integer");
    }

    @Test
    void anIndexFromBeforeFiltersSaysSoAndAnswersWithoutThem() {
        SmallIndex old = SmallIndex.write(folder, 2, 92, 60, 2).withRowsFromBeforeFilters(1);
        old.publish();
        TestServers.await(
                old.generation() + " is served",
                () -> visitor.get("/info").json().path("generation").asText().equals(old.generation()));

        assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);
        assertThat(visitor.get("/info").json().path("columns")).isEmpty();
        Reply refused = visitor.get("/search?text=a&filter=width%3E1");
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.errorMessage())
                .contains("gen-000002 cannot be filtered")
                .contains("before there were filters");
    }

    private static void assertFinds(Reply reply, List<Item> matches, float[] query, int k) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        assertThat(reply.ids())
                .containsExactlyElementsOf(SmallIndex.best(matches, query, k).stream()
                        .map(SmallIndex.Found::id)
                        .toList());
    }

    private static int year(Item item) {
        return (Integer) item.row().extra().get("year");
    }
}
