package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.awt.Color;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.imagesearch.server.SmallIndex.Found;
import org.imagesearch.server.SmallIndex.Item;
import org.imagesearch.server.Visitor.Reply;
import org.imagesearch.server.shards.LocalGeneration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What searches find, compared with exact search over the vectors. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SearchTest {
    private static final int PICTURES = 400;
    private static final String EXACT = "\"nprobe\":" + SmallIndex.NLIST;

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        index = SmallIndex.publish(folder, 1, 11, PICTURES, 3);
        server = TestServers.start(folder, Map.of());
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"red car", "ハンバーガー", "a cat & a dog + 100%"})
    void wordsFindWhatExactSearchFinds(String words) {
        Reply reply = visitor.get("/search?nprobe=8&k=25&text=" + URLEncoder.encode(words, UTF_8));

        assertFinds(reply, SmallIndex.best(index.items(), SmallIndex.embed(words), 25));
    }

    @Test
    void aPictureAsTheBodyFindsWhatExactSearchFinds() {
        byte[] picture = SmallIndex.picture("png", 640, 480, Color.RED);

        Reply reply = visitor.post("/search?nprobe=8&k=10", "image/png", picture);

        assertFinds(reply, SmallIndex.best(index.items(), SmallIndex.embed(picture), 10));
    }

    @Test
    void aPictureOfMegabytesIsTakenHoweverItComes() {
        byte[] picture = SmallIndex.picture("bmp", 1300, 1000, Color.RED);
        assertThat(picture.length).isGreaterThan(3 << 20);
        List<SmallIndex.Found> best = SmallIndex.best(index.items(), SmallIndex.embed(picture), 10);

        assertFinds(visitor.post("/search?nprobe=8&k=10", "image/bmp", picture), best);
        // Of a length that is not told, so in chunks.
        BodyPublisher chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(picture));
        assertFinds(visitor.post("/search?nprobe=8&k=10", "image/bmp", chunked), best);
    }

    @Test
    void anIndexedPicturesFileFindsThatPictureFirst() throws Exception {
        for (int i = 0; i < SmallIndex.DRAWN; i++) {
            Path file = Path.of(URI.create(index.items().get(i).row().uri()));

            Reply reply = visitor.post("/search?nprobe=8&k=1", "image/*", Files.readAllBytes(file));

            assertThat(reply.ids()).containsExactly(index.items().get(i).id());
            assertThat(reply.json().at("/hits/0/score").asDouble()).isCloseTo(1, within(1e-4));
        }
    }

    @Test
    void aPictureInJsonCountsLikeOneAsTheBody() {
        byte[] picture = SmallIndex.picture("jpeg", 100, 200, Color.GREEN);
        String base64 = Base64.getEncoder().encodeToString(picture);

        Reply inJson = visitor.ask("{\"image\":\"" + base64 + "\",\"k\":10," + EXACT + "}");

        assertFinds(inJson, SmallIndex.best(index.items(), SmallIndex.embed(picture), 10));
    }

    @Test
    void anIdFindsItselfFirstThenItsNearest() {
        Item item = index.items().get(123);

        assertFinds(
                visitor.get("/search?nprobe=8&k=30&id=" + item.id()),
                SmallIndex.best(index.items(), item.vector(), 30));
        assertFinds(
                visitor.ask("{\"id\":" + item.id() + ",\"k\":30," + EXACT + "}"),
                SmallIndex.best(index.items(), item.vector(), 30));
    }

    @Test
    void aVectorOfAnyLengthFindsWhatExactSearchFinds() {
        float[] vector = SmallIndex.randomUnit(new Random(5));
        float[] longer = vector.clone();
        for (int i = 0; i < longer.length; i++) {
            longer[i] *= 1234.5f;
        }

        List<Found> expected = SmallIndex.best(index.items(), vector, 20);
        assertFinds(visitor.ask("{\"vector\":" + Arrays.toString(vector) + "," + EXACT + "}"), expected);
        assertFinds(visitor.ask("{\"vector\":" + Arrays.toString(longer) + "," + EXACT + "}"), expected);
    }

    @Test
    void termsAreAddedUpByTheirWeightsAndNegativeOnesPushAway() {
        Item pushed = index.items().get(77);
        float[] vector = SmallIndex.randomUnit(new Random(6));

        Reply reply = visitor.ask(
                "{\"terms\":[{\"text\":\"red car\",\"weight\":2},{\"id\":%d,\"weight\":-0.5},{\"vector\":%s}],\"k\":40,%s}"
                        .formatted(pushed.id(), Arrays.toString(vector), EXACT));

        float[] query = SmallIndex.mix(Map.of(SmallIndex.embed("red car"), 2.0, pushed.vector(), -0.5, vector, 1.0));
        assertFinds(reply, SmallIndex.best(index.items(), query, 40));
        assertThat(reply.ids()).doesNotContain(pushed.id());
    }

    @Test
    void aNegativeTermAloneFindsTheFarthest() {
        Item item = index.items().get(60);

        Reply reply = visitor.ask(
                "{\"terms\":[{\"id\":" + item.id() + ",\"weight\":-1}],\"k\":" + PICTURES + "," + EXACT + "}");

        assertThat(reply.ids()).hasSize(PICTURES).last().isEqualTo(item.id());
    }

    @ParameterizedTest
    @ValueSource(strings = {"1e-9", "0.001", "1", "1000000"})
    void theWeightOfASingleTermChangesNothing(String weight) {
        Item item = index.items().get(200);

        Reply reply = visitor.ask("{\"terms\":[{\"id\":%d,\"weight\":%s}],%s}".formatted(item.id(), weight, EXACT));

        assertFinds(reply, SmallIndex.best(index.items(), item.vector(), 20));
    }

    @Test
    void whatIsSaidBesideEachOtherCountsAlike() {
        Item item = index.items().get(42);
        float[] query = SmallIndex.mix(Map.of(SmallIndex.embed("snow"), 1.0, item.vector(), 1.0));
        List<Found> expected = SmallIndex.best(index.items(), query, 20);

        assertFinds(visitor.get("/search?nprobe=8&text=snow&id=" + item.id()), expected);
        assertFinds(visitor.ask("{\"text\":\"snow\",\"id\":%d,%s}".formatted(item.id(), EXACT)), expected);
    }

    @Test
    void equalScoresComeByAscendingId() {
        List<Long> twins = index.items().subList(SmallIndex.TWINS, SmallIndex.LAST_TWIN + 1).stream()
                .map(Item::id)
                .toList();

        Reply reply = visitor.get("/search?nprobe=8&k=50&id=" + twins.get(0));

        assertThat(reply.ids().subList(0, twins.size())).isEqualTo(twins);
        assertThat(reply.json().at("/hits/0/score").floatValue())
                .isEqualTo(reply.json()
                        .at("/hits/" + (twins.size() - 1) + "/score")
                        .floatValue());
    }

    @Test
    void asManyHitsComeAsAreAskedFor() {
        assertThat(visitor.get("/search?text=a&nprobe=8").ids()).hasSize(20);
        assertThat(visitor.get("/search?text=a&nprobe=8&k=1").ids()).hasSize(1);
        assertThat(visitor.get("/search?text=a&nprobe=8&k=3000").ids()).hasSize(PICTURES);
        assertThat(new HashSet<>(visitor.get("/search?text=a&nprobe=8&k=3000").ids()))
                .hasSize(PICTURES);
    }

    @ParameterizedTest
    @CsvSource({
        "nprobe=1, 1",
        "nprobe=3, 3",
        "recall=0, 1",
        "recall=0.4, 1",
        "recall=0.41, 2",
        "recall=0.9, 4",
        "recall=0.99, 8",
        "recall=1, 8",
        "minScore=-1, 4"
    })
    void onlyTheListsNearestToTheQueryAreScanned(String parameter, int lists) {
        float[] query = SmallIndex.embed("green tree");
        List<Integer> scanned = index.lists(query, lists);

        Reply reply = visitor.get("/search?text=green+tree&k=400&" + parameter);

        List<Item> within = index.items().stream()
                .filter(item -> scanned.contains(item.list()))
                .toList();
        assertFinds(reply, SmallIndex.best(within, query, PICTURES));
    }

    @ParameterizedTest
    @CsvSource({
        "text=a, 4, 0.9",
        "id=1000, 4, 0.95",
        "text=a&id=1000, 4, 0.9",
        "text=a&nprobe=1, 1, 0.4",
        "text=a&nprobe=3, 3, 0.8",
        "text=a&nprobe=7, 7, 0.975",
        "text=a&nprobe=8, 8, 1",
        "text=a&recall=0.65, 2, 0.7",
        "id=1000&recall=0.65, 2, 0.8",
        "text=a&recall=0.98, 8, 1"
    })
    void anAnswerTellsHowManyListsWereScannedAndTheRecallToExpectOfThat(String parameters, int nprobe, double recall) {
        JsonNode probed = visitor.get("/search?" + parameters).json().path("probed");

        assertThat(probed.path("nprobe").asInt()).isEqualTo(nprobe);
        assertThat(probed.path("expectedRecall").asDouble()).isCloseTo(recall, within(1e-12));
    }

    @Test
    void hitsBelowTheLeastScoreAreLeftOut() {
        Item item = index.items().get(99);
        List<Found> all = SmallIndex.best(index.items(), item.vector(), PICTURES);
        double least = (all.get(12).score() + all.get(13).score()) / 2;

        assertFinds(visitor.get("/search?nprobe=8&minScore=" + least + "&id=" + item.id()), all.subList(0, 13));
        assertFinds(
                visitor.ask("{\"id\":%d,\"minScore\":%s,%s}".formatted(item.id(), least, EXACT)), all.subList(0, 13));
        assertThat(visitor.get("/search?minScore=1.5&id=" + item.id()).ids()).isEmpty();
    }

    @Test
    void hitsCarryTheirVectorsOnlyWhereAsked() {
        Item item = index.items().get(3);

        JsonNode with =
                visitor.get("/search?k=3&withVectors=true&id=" + item.id()).json();
        JsonNode without = visitor.get("/search?k=3&id=" + item.id()).json();

        JsonNode vector = with.at("/hits/0/vector");
        assertThat(vector).hasSize(SmallIndex.DIMENSION);
        for (int i = 0; i < SmallIndex.DIMENSION; i++) {
            assertThat(vector.get(i).floatValue()).isEqualTo(item.vector()[i]);
        }
        assertThat(without.at("/hits/0/vector").isNull()).isTrue();
    }

    @Test
    void anAnswerTellsItsGenerationTimesShardsAndRows() {
        Item item = index.items().get(61);
        JsonNode answer = visitor.get("/search?k=1&id=" + item.id()).json();

        assertThat(answer.fieldNames())
                .toIterable()
                .containsExactly("generation", "took", "probed", "shards", "hits", "next");
        assertThat(answer.path("generation").asText()).isEqualTo("gen-000001");
        assertThat(answer.path("took").fieldNames()).toIterable().containsExactly("encodeMs", "searchMs", "totalMs");
        assertThat(answer.path("shards"))
                .isEqualTo(Visitor.json("{\"total\":3,\"answered\":3,\"degraded\":[]}".getBytes(UTF_8)));
        JsonNode hit = answer.at("/hits/0");
        assertThat(hit.fieldNames())
                .toIterable()
                .containsExactly("id", "score", "uri", "width", "height", "caption", "columns", "vector", "duplicates");
        assertThat(hit.path("id").asLong()).isEqualTo(item.id());
        assertThat(hit.path("score").asDouble()).isCloseTo(1, within(1e-5));
        assertThat(hit.path("uri").asText()).isEqualTo(item.row().uri());
        assertThat(hit.path("width").asInt()).isEqualTo(item.row().width());
        assertThat(hit.path("height").asInt()).isEqualTo(item.row().height());
        assertThat(hit.path("caption").asText()).isEqualTo("picture 61 of 1");
        assertThat(hit.path("columns"))
                .isEqualTo(Visitor.json("{\"album\":\"album 1\",\"year\":2061}".getBytes(UTF_8)));
        assertThat(visitor.get("/search?k=1&id=" + index.items().get(64).id())
                        .json()
                        .at("/hits/0/caption")
                        .isNull())
                .isTrue();
    }

    @Test
    void anotherCutIntoShardsGivesTheSameAnswers(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 11, PICTURES, 1);
        try (SearchServer single = TestServers.start(folder, Map.of())) {
            Visitor other = new Visitor(single.address());
            for (String query : List.of("/search?text=blue&k=100", "/search?id=1700&k=100", "/search?id=1140&k=5")) {
                JsonNode cut = visitor.get(query).json().path("hits");
                JsonNode whole = other.get(query).json().path("hits");
                assertThat(cut).hasSameSizeAs(whole);
                for (int i = 0; i < cut.size(); i++) {
                    assertThat(cut.get(i).path("score").asDouble())
                            .isCloseTo(whole.get(i).path("score").asDouble(), within(1e-6));
                }
            }
        }
    }

    @Test
    void aServerOfSomeShardsAnswersFromThemAlone() {
        try (SearchServer some = TestServers.start(index.root(), Map.of("index.shards", "0,2"))) {
            Visitor other = new Visitor(some.address());
            float[] query = SmallIndex.embed("boat");
            List<Item> served =
                    index.items().stream().filter(item -> item.shard() != 1).toList();

            Reply reply = other.get("/search?text=boat&nprobe=8&k=50");

            assertFinds(reply, SmallIndex.best(served, query, 50));
            assertThat(reply.json().at("/shards/total").asInt()).isEqualTo(2);
            assertThat(other.get("/search?id=" + index.items().get(1).id()).status())
                    .isEqualTo(404);
            assertThat(other.get("/info").json().at("/shards"))
                    .isEqualTo(Visitor.json("{\"total\":3,\"served\":[0,2],\"reachable\":2}".getBytes(UTF_8)));
            assertThat(other.get("/info").json().path("pictures").asInt()).isEqualTo(served.size());
        }
    }

    @Test
    void nearDuplicatesAreOneHitThatNamesTheOthers() {
        List<Long> twins = IntStream.rangeClosed(SmallIndex.TWINS, SmallIndex.LAST_TWIN)
                .mapToObj(i -> index.items().get(i).id())
                .toList();
        String path = "/search?nprobe=8&k=30&id=" + twins.get(5);
        List<Long> all = visitor.get(path).ids();
        assertThat(visitor.get(path).json().at("/hits/0/duplicates").isNull()).isTrue();

        Reply reply = visitor.get(path + "&nearDuplicates=0.99");

        assertThat(reply.ids())
                .containsExactlyElementsOf(all.stream()
                        .filter(id -> id.equals(all.get(0)) || !twins.contains(id))
                        .toList());
        JsonNode hits = reply.json().path("hits");
        assertThat(hits.at("/0/duplicates")).hasSize(twins.size() - 1);
        hits.at("/0/duplicates").forEach(id -> assertThat(twins).contains(id.asLong()));
        assertThat(hits.at("/1/duplicates")).isEmpty();
        assertThat(hits.at("/0/vector").isNull()).isTrue();
        Reply withVectors = visitor.ask("{\"id\":" + twins.get(5) + ",\"nearDuplicates\":0.99,\"withVectors\":true}");
        assertThat(withVectors.json().at("/hits/0/vector")).hasSize(SmallIndex.DIMENSION);
    }

    @Test
    void embeddingsCanBeHad() {
        Item item = index.items().get(42);
        JsonNode answer = visitor.get("/vectors/" + item.id()).json();
        assertThat(answer.path("id").asLong()).isEqualTo(item.id());
        assertThat(answer.path("model").asText())
                .isEqualTo(SmallIndex.BUNDLE.fingerprint().value());
        float[] vector = new float[answer.path("vector").size()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = answer.path("vector").get(i).floatValue();
        }
        assertThat(vector).isEqualTo(item.vector());
        // And it searches as its picture does.
        assertFinds(
                visitor.ask("{\"vector\":" + Arrays.toString(vector) + ",\"k\":10,\"partial\":false," + EXACT + "}"),
                SmallIndex.best(index.items(), item.vector(), 10));
        assertThat(visitor.get("/vectors/999999").status()).isEqualTo(404);
        assertThat(visitor.get("/vectors/x").status()).isEqualTo(400);
        assertThat(visitor.get("/vectors/" + item.id() + "?k=3").status()).isEqualTo(400);
    }

    @Test
    void aShardThatFailsIsNamedAndTheOthersAnswer(@TempDir Path folder) {
        SmallIndex own = SmallIndex.publish(folder, 1, 12, 90, 3);
        // With screens the generation would be opened once more, whole again.
        try (SearchServer failing = TestServers.start(folder, Map.of("index.screen", "never"))) {
            Visitor other = new Visitor(failing.address());
            // Its memory is gone under it: every scan of it fails from now on.
            failing.index().with(generation -> {
                ((LocalGeneration) generation).openShards().get(1).vectors().close();
                return null;
            });

            Reply reply = other.get("/search?text=boat&nprobe=8&k=90");

            assertThat(reply.status()).isEqualTo(200);
            assertThat(reply.json().path("shards"))
                    .isEqualTo(Visitor.json(
                            "{\"total\":3,\"answered\":2,\"degraded\":[{\"shard\":1,\"reason\":\"failed\"}]}"
                                    .getBytes(UTF_8)));
            List<Item> left =
                    own.items().stream().filter(item -> item.shard() != 1).toList();
            assertFinds(reply, SmallIndex.best(left, SmallIndex.embed("boat"), 90));

            Reply refused = other.get("/search?text=boat&partial=false");
            assertThat(refused.status()).isEqualTo(503);
            assertThat(refused.errorMessage()).contains("2 of 3 shards", "shard 1 failed");
            assertThat(refused.header("retry-after")).isPresent();
            assertThat(other.ask("{\"text\":\"boat\",\"partial\":false}").status())
                    .isEqualTo(503);
            // Of the partial answer, and of those that were refused because they would have been partial.
            assertThat(other.metric("imagesearch_missing_shards_total{reason=\"failed\"}"))
                    .isEqualTo(3);

            failing.index().with(generation -> {
                ((LocalGeneration) generation).openShards().forEach(shard -> shard.vectors()
                        .close());
                return null;
            });
            Reply nothing = other.get("/search?text=boat");
            assertThat(nothing.status()).isEqualTo(500);
            assertThat(nothing.errorCode()).isEqualTo("internal");
            assertThat(other.metric("imagesearch_missing_shards_total{reason=\"failed\"}"))
                    .isEqualTo(6);
        }
    }

    @Test
    void noTimeLeftIsAGatewayTimeout() {
        try (SearchServer hasty = TestServers.start(index.root(), Map.of("search.timeout", "1 ns"))) {
            Reply reply = new Visitor(hasty.address()).get("/search?text=a");

            assertThat(reply.status()).isEqualTo(504);
            assertThat(reply.errorCode()).isEqualTo("deadline_exceeded");
            assertThat(reply.errorMessage()).contains("no time was left");
        }
    }

    private static void assertFinds(Reply reply, List<Found> expected) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        assertThat(reply.ids())
                .containsExactlyElementsOf(expected.stream().map(Found::id).toList());
        JsonNode hits = reply.json().path("hits");
        for (int i = 0; i < expected.size(); i++) {
            assertThat(hits.get(i).path("score").asDouble())
                    .isCloseTo(expected.get(i).score(), within(1e-5));
        }
    }
}
