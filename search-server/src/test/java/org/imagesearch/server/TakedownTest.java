package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.server.SmallIndex.Found;
import org.imagesearch.server.SmallIndex.Item;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures that are taken down: that nobody sees them any more, and who may do that. */
class TakedownTest {
    private static final int PICTURES = 400;

    @TempDir
    Path folder;

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeEach
    void startServer() {
        index = SmallIndex.publish(folder, 1, 71, PICTURES, 3);
        start();
    }

    private void start() {
        server = TestServers.start(folder, Map.of("index.poll", "5 ms"));
        visitor = new Visitor(server.address());
    }

    @AfterEach
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void whatIsTakenDownIsGoneFromEveryWayToSeeIt() {
        Set<Long> gone = Set.of(id(0), id(1), id(SmallIndex.IN_TAR), id(100), id(SmallIndex.TWINS + 3));
        assertThat(visitor.get("/search?nprobe=8&k=400&text=car").ids()).containsAll(gone);
        assertThat(visitor.get("/thumbnails/" + id(0)).status())
                .as("kept in memory")
                .isEqualTo(200);
        String known = visitor.get("/images/" + id(0)).header("etag").orElseThrow();

        JsonNode answer =
                takeDown("{\"ids\":" + gone + ",\"reason\":\"asked for\"}").json();

        assertThat(answer.path("newlyDown").asInt()).isEqualTo(5);
        assertThat(answer.path("inIndex").asInt()).isEqualTo(5);
        assertThat(answer.path("ids")).hasSize(5);
        assertThat(answer.path("generation").asText()).isEqualTo("gen-000001");
        for (long id : gone) {
            for (String path : List.of("/images/", "/thumbnails/", "/vectors/", "/search?id=")) {
                Reply reply = visitor.get(path + id);
                assertThat(reply.status()).as(path + id).isEqualTo(404);
                assertThat(reply.errorMessage()).contains("no picture with id " + id);
            }
            assertThat(visitor.head("/images/" + id).status()).isEqualTo(404);
            assertThat(visitor.ask("{\"terms\":[{\"text\":\"a\"},{\"id\":" + id + "}]}")
                            .status())
                    .isEqualTo(404);
        }
        assertThat(visitor.getUnless("/images/" + id(0), known).status())
                .as("kept by a browser")
                .isEqualTo(404);
        List<Item> left = without(gone);
        float[] query = SmallIndex.embed("car");
        for (int nprobe : new int[] {1, 4, 8}) {
            List<Integer> lists = index.lists(query, nprobe);
            List<Item> scanned =
                    left.stream().filter(item -> lists.contains(item.list())).toList();
            assertThat(visitor.get("/search?text=car&withVectors=true&k=400&nprobe=" + nprobe)
                            .ids())
                    .containsExactlyElementsOf(ids(SmallIndex.best(scanned, query, PICTURES)));
        }
        // The places of those that are gone are taken by the next ones.
        Item twin = index.items().get(SmallIndex.TWINS);
        assertThat(visitor.get("/search?nprobe=8&k=12&id=" + twin.id()).ids())
                .containsExactlyElementsOf(ids(SmallIndex.best(left, twin.vector(), 12)));
        assertThat(visitor.get("/info").json().path("pictures").asInt()).isEqualTo(PICTURES - 5);
        assertThat(visitor.get("/info").json().path("takenDown").asInt()).isEqualTo(5);
        assertThat(visitor.metric("imagesearch_pictures")).isEqualTo(PICTURES - 5);
        assertThat(visitor.metric("imagesearch_taken_down_pictures")).isEqualTo(5);
    }

    @Test
    void idsThatTheIndexDoesNotHaveAreNotedForLater() {
        JsonNode answer = takeDown("{\"ids\":[5," + id(9) + ",5]}").json();

        assertThat(answer.path("newlyDown").asInt()).isEqualTo(2);
        assertThat(answer.path("inIndex").asInt()).isEqualTo(1);
        assertThat(visitor.metric("imagesearch_takedowns")).isEqualTo(2);
        assertThat(visitor.metric("imagesearch_taken_down_pictures")).isEqualTo(1);
        assertThat(takeDown("{\"id\":5}").json().path("newlyDown").asInt()).isZero();
    }

    @Test
    void aShardOrAnIndexMayLoseAllItsPictures() {
        List<Long> shard = index.items().stream()
                .filter(item -> item.shard() == 1)
                .map(Item::id)
                .toList();
        takeDown("{\"ids\":" + shard + "}");
        Reply reply = visitor.get("/search?text=a&nprobe=8&k=400");
        assertThat(reply.ids()).hasSize(PICTURES - shard.size()).doesNotContainAnyElementsOf(shard);
        assertThat(reply.json().at("/shards/answered").asInt()).isEqualTo(3);

        takeDown("{\"ids\":" + index.items().stream().map(Item::id).toList() + "}");
        Reply nothing = visitor.get("/search?text=a&nprobe=8&k=400");
        assertThat(nothing.status()).isEqualTo(200);
        assertThat(nothing.ids()).isEmpty();
    }

    @Test
    void itIsKeptOverRestartsAndNewGenerations() {
        takeDown("{\"ids\":[" + id(3) + "," + id(44) + "]}");

        server.close();
        start();
        assertHidden(id(3), id(44));

        SmallIndex second = SmallIndex.publish(folder, 2, 72, PICTURES + 1, 2);
        TestServers.await("the second is served", () -> serves(second));
        assertHidden(id(3), id(44));
        assertThat(visitor.get("/search?nprobe=8&k=1000&text=car").ids()).hasSize(PICTURES - 1);

        index.publish();
        TestServers.await("the first is served", () -> serves(index));
        assertHidden(id(3), id(44));
    }

    @Test
    void whatIsGivenBackIsThereAgain() {
        takeDown("{\"ids\":[" + id(3) + "," + id(44) + "]}");

        JsonNode answer = post("/admin/restore", "{\"ids\":[" + id(3) + ",77]}").json();

        assertThat(answer.path("restored").asInt()).isEqualTo(1);
        assertThat(answer.path("generation").asText()).isEqualTo("gen-000001");
        assertThat(visitor.get("/search?id=" + id(3)).ids()).contains(id(3));
        assertThat(visitor.get("/images/" + id(3)).status()).isEqualTo(200);
        assertHidden(id(44));
        assertThat(post("/admin/restore", "{\"id\":" + id(44) + "}")
                        .json()
                        .path("restored")
                        .asInt())
                .isEqualTo(1);
        assertThat(visitor.get("/search?nprobe=8&k=1000&text=car").ids()).hasSize(PICTURES);

        server.close();
        start();
        assertThat(visitor.get("/search?nprobe=8&k=1000&text=car").ids()).hasSize(PICTURES);
    }

    @Test
    void otherServersOfTheIndexAndPeopleWhoWriteTheFileAreFollowed() throws IOException {
        try (SearchServer second = TestServers.start(folder, Map.of("index.poll", "5 ms", "index.shards", "0-1"))) {
            Visitor other = new Visitor(second.address());
            takeDown("{\"id\":" + id(4) + "}");
            TestServers.await("the other follows", () -> other.metric("imagesearch_taken_down_pictures") == 1);
            assertThat(other.get("/search?id=" + id(4)).status()).isEqualTo(404);

            other.post("/admin/restore", "application/json", ("{\"id\":" + id(4) + "}").getBytes(UTF_8));
            TestServers.await("this one follows", () -> visitor.metric("imagesearch_takedowns") == 0);
            assertThat(visitor.get("/search?id=" + id(4)).status()).isEqualTo(200);
        }
        Path file = folder.resolve(Takedowns.FILE);
        Files.writeString(file, "{\"id\":" + id(9) + "}", StandardOpenOption.APPEND);
        TestServers.await("the line is read", () -> visitor.metric("imagesearch_takedowns") == 1);
        assertHidden(id(9));

        Path edited = Files.writeString(folder.resolve("edited"), "{\"id\":" + id(10) + "}\n");
        Files.move(edited, file, StandardCopyOption.REPLACE_EXISTING);
        TestServers.await(
                "the file is read", () -> visitor.get("/search?id=" + id(9)).status() == 200);
        assertHidden(id(10));
    }

    @Test
    void aDamagedFileStartsNoServerAndOneThatRunsKeepsHiddenWhatItHid() throws IOException {
        takeDown("{\"ids\":[" + id(5) + "," + id(6) + "]}");
        Path file = folder.resolve(Takedowns.FILE);
        String good = Files.readString(file);

        Path damaged = Files.writeString(folder.resolve("damaged"), good.replaceFirst("\"id\"", "\"di\""));
        Files.move(damaged, file, StandardCopyOption.REPLACE_EXISTING);
        TestServers.await(
                "it is told", () -> visitor.get("/metrics").text().contains("imagesearch_takedowns_readable 0"));
        assertHidden(id(5), id(6));
        Reply refused = takeDown("{\"id\":" + id(7) + "}");
        assertThat(refused.status()).isEqualTo(500);
        assertThat(visitor.get("/search?id=" + id(7)).status()).isEqualTo(200);
        assertThatThrownBy(() -> TestServers.start(folder, Map.of()))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining(Takedowns.FILE)
                .hasMessageContaining("line 1");

        Files.writeString(file, good);
        TestServers.await("it is mended", () -> visitor.metric("imagesearch_takedowns_readable") == 1);
        assertThat(takeDown("{\"id\":" + id(7) + "}").status()).isEqualTo(200);
        assertHidden(id(5), id(6), id(7));
    }

    @Test
    void everythingLikeAnIndexedPictureIsTakenDownWhateverListAndShardItIsIn() {
        Item item = index.items().get(150);
        List<Found> all = SmallIndex.best(index.items(), item.vector(), PICTURES);
        double least = (all.get(29).score() + all.get(30).score()) / 2;
        List<Long> expected = ids(all.subList(0, 30));
        String request = "{\"id\":%d,\"minScore\":%s".formatted(item.id(), least);

        JsonNode dry = takeDown(request + ",\"dryRun\":true}").json();
        assertThat(dry.path("dryRun").asBoolean()).isTrue();
        assertThat(longs(dry.path("ids"))).containsExactlyElementsOf(expected);
        assertThat(dry.path("newlyDown").asInt()).isEqualTo(30);
        for (int i = 0; i < 30; i++) {
            JsonNode match = dry.path("matches").get(i);
            assertThat(match.path("score").asDouble()).isCloseTo(all.get(i).score(), within(1e-5));
            assertThat(match.path("uri").asText())
                    .isEqualTo(index.item(expected.get(i)).row().uri());
        }
        assertThat(visitor.metric("imagesearch_takedowns")).isZero();
        assertThat(folder.resolve(Takedowns.FILE)).doesNotExist();

        Reply tooMany = takeDown(request + ",\"limit\":29}");
        assertThat(tooMany.status()).isEqualTo(400);
        assertThat(tooMany.errorMessage()).startsWith("more than 29 pictures score at least");
        assertThat(visitor.metric("imagesearch_takedowns")).isZero();

        JsonNode answer = takeDown(request + ",\"limit\":30}").json();
        assertThat(longs(answer.path("ids"))).containsExactlyElementsOf(expected);
        assertThat(visitor.get("/search?text=car&nprobe=8&k=400").ids())
                .hasSize(PICTURES - 30)
                .doesNotContainAnyElementsOf(expected);

        JsonNode again = takeDown(request + "}").json();
        assertThat(again.path("ids")).as("what is down is not found again").isEmpty();
        double wider = (all.get(30).score() + all.get(31).score()) / 2;
        assertThat(longs(takeDown("{\"id\":%d,\"minScore\":%s}".formatted(item.id(), wider))
                        .json()
                        .path("ids")))
                .as("a picture that is down still tells what is like it")
                .containsExactly(all.get(30).id());
    }

    @Test
    void aPictureIsAlwaysLikeItself() {
        for (int place = 50; place < 90; place++) {
            JsonNode answer =
                    takeDown("{\"id\":" + id(place) + ",\"minScore\":1}").json();
            assertThat(longs(answer.path("ids"))).containsExactly(id(place));
        }
    }

    @Test
    void everythingLikeAPictureThatIsSentIsTakenDown() throws IOException {
        Item drawn = index.items().get(1);
        byte[] file = Files.readAllBytes(Path.of(URI.create(drawn.row().uri())));

        Reply dry = visitor.post("/admin/takedown?minScore=0.999&dryRun=true&reason=a+copy", "image/jpeg", file);
        assertThat(longs(dry.json().path("ids"))).contains(drawn.id());
        assertThat(visitor.metric("imagesearch_takedowns")).isZero();

        String base64 = Base64.getEncoder().encodeToString(file);
        JsonNode answer =
                takeDown("{\"image\":\"" + base64 + "\",\"reason\":\"a copy\"}").json();
        float[] query = SmallIndex.embed(file);
        List<Long> expected = ids(SmallIndex.best(index.items(), query, PICTURES).stream()
                .filter(found -> found.score() >= 0.95)
                .toList());
        assertThat(longs(answer.path("ids")))
                .containsExactlyElementsOf(expected)
                .contains(drawn.id());
        assertHidden(drawn.id());
        assertThat(visitor.get("/admin/takedowns")
                        .json()
                        .at("/takedowns/0/reason")
                        .asText())
                .isEqualTo("a copy");
    }

    @Test
    void theListComesPageByPage() {
        List<Long> down = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            down.add(id(i));
        }
        takeDown("{\"ids\":" + down + ",\"reason\":\"because\"}");
        post("/admin/restore", "{\"id\":" + id(7) + "}");
        down.remove(id(7));

        List<Long> listed = new ArrayList<>();
        String next = "";
        for (int page = 0; page < 3; page++) {
            JsonNode answer = visitor.get("/admin/takedowns?limit=10" + next).json();
            assertThat(answer.path("total").asInt()).isEqualTo(24);
            answer.path("takedowns").forEach(entry -> {
                listed.add(entry.path("id").asLong());
                assertThat(entry.path("reason").asText()).isEqualTo("because");
                assertThat(entry.path("at").asText()).startsWith("20").endsWith("Z");
            });
            next = "&after=" + answer.path("next").asLong();
            assertThat(answer.path("next").isNull()).isEqualTo(page == 2);
        }
        assertThat(listed).isEqualTo(down);
        assertThat(visitor.get("/admin/takedowns?after=" + id(24)).json().path("takedowns"))
                .isEmpty();
    }

    @Test
    void whoMayNotIsRefusedBeforeTheBodyIsRead() {
        String head = "Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";
        Reply crossSite = visitor.raw("POST /admin/takedown HTTP/1.1\r\n" + head
                + "Origin: http://evil.example\r\nContent-Length: 9999\r\n\r\n");
        assertThat(crossSite.status()).isEqualTo(403);
        assertThat(crossSite.errorCode()).isEqualTo("forbidden");
        Reply rebound = visitor.raw("GET /admin/takedowns HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
        assertThat(rebound.status()).isEqualTo(403);
        TestServers.await("every place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);
        TestServers.await(
                "it is counted",
                () -> visitor.metric("imagesearch_requests_total{route=\"/admin/takedown\",status=\"403\"}") == 1);
    }

    @Test
    void withATokenOnlyWhoKnowsItMay() {
        String token = "a-token-of-some-length";
        try (SearchServer guarded = TestServers.start(folder, Map.of("admin.token", token))) {
            Visitor other = new Visitor(guarded.address());
            String request = "GET /admin/takedowns HTTP/1.1\r\nHost: pictures.example\r\nConnection: close\r\n%s\r\n";
            Reply without = other.raw(request.formatted(""));
            assertThat(without.status()).isEqualTo(401);
            assertThat(without.errorCode()).isEqualTo("unauthorized");
            assertThat(without.header("www-authenticate")).hasValue("Bearer");
            Reply wrong = other.raw(request.formatted("Authorization: Bearer " + token + "x\r\n"));
            assertThat(wrong.status()).isEqualTo(401);
            assertThat(wrong.text()).doesNotContain(token);
            assertThat(other.raw(request.formatted("Authorization: Bearer " + token + "\r\n"))
                            .status())
                    .isEqualTo(200);
            assertThat(other.get("/search?text=a").status()).isEqualTo(200);
        }
    }

    @Test
    void queriesAreAnsweredWholeWhilePicturesComeAndGo() throws Exception {
        Set<Long> some = Set.of(id(200), id(201), id(202));
        Set<Long> all = new HashSet<>(index.items().stream().map(Item::id).toList());
        Thread changing = new Thread(
                () -> {
                    for (int i = 0; i < 20; i++) {
                        takeDown("{\"ids\":" + some + "}");
                        post("/admin/restore", "{\"ids\":" + some + "}");
                    }
                },
                "changing");
        changing.start();
        int seen = 0;
        while (changing.isAlive() || seen == 0) {
            Reply reply = visitor.get("/search?text=car&nprobe=8&k=400");
            assertThat(reply.status()).as(reply.text()).isEqualTo(200);
            Set<Long> missing = new HashSet<>(all);
            reply.ids().forEach(missing::remove);
            assertThat(missing.isEmpty() || missing.equals(some))
                    .as("all of them or none: missing %s", missing)
                    .isTrue();
            seen++;
        }
        changing.join();
        assertThat(visitor.get("/search?text=car&nprobe=8&k=400").ids()).hasSize(PICTURES);
    }

    private void assertHidden(long... ids) {
        List<Long> found = visitor.get("/search?nprobe=8&k=1000&text=car").ids();
        for (long id : ids) {
            assertThat(found).doesNotContain(id);
            assertThat(visitor.get("/images/" + id).status()).isEqualTo(404);
            assertThat(visitor.get("/search?id=" + id).status()).isEqualTo(404);
        }
    }

    private boolean serves(SmallIndex other) {
        return visitor.get("/info").json().path("generation").asText().equals(other.generation());
    }

    private Reply takeDown(String json) {
        return post("/admin/takedown", json);
    }

    private Reply post(String path, String json) {
        return visitor.post(path, "application/json", json.getBytes(UTF_8));
    }

    private Long id(int place) {
        return index.items().get(place).id();
    }

    private List<Item> without(Set<Long> gone) {
        return index.items().stream().filter(item -> !gone.contains(item.id())).toList();
    }

    private static List<Long> ids(List<Found> found) {
        return found.stream().map(Found::id).toList();
    }

    private static List<Long> longs(JsonNode array) {
        List<Long> longs = new ArrayList<>();
        array.forEach(value -> longs.add(value.asLong()));
        return longs;
    }
}
