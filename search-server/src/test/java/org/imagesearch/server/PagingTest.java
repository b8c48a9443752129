package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.imagesearch.server.SmallIndex.Found;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of hits: that together they are what one large answer is, whatever happens in between. */
class PagingTest {
    private static final int PICTURES = 150;

    @TempDir
    Path folder;

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeEach
    void startServer() {
        index = SmallIndex.publish(folder, 1, 81, PICTURES, 3);
        server = TestServers.start(
                folder, Map.of("index.poll", "5 ms", "search.max-k", "150", "search.max-depth", "150"));
        visitor = new Visitor(server.address());
    }

    @AfterEach
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    /** Twelve pictures share a vector, so that some page ends between equal scores. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 50, 149, 150})
    void pagesTogetherAreTheWholeAnswer(int k) {
        long twin = index.items().get(SmallIndex.TWINS).id();

        assertThat(pages("{\"id\":" + twin + ",\"nprobe\":8,\"k\":" + k))
                .containsExactlyElementsOf(
                        ids(SmallIndex.best(index.items(), index.item(twin).vector(), PICTURES)));
    }

    @Test
    void pagesEndWhereScoresFallBelowTheLeast() {
        float[] query = SmallIndex.embed("car");
        List<Found> all = SmallIndex.best(index.items(), query, PICTURES);
        double least = (all.get(60).score() + all.get(61).score()) / 2;

        assertThat(pages("{\"text\":\"car\",\"nprobe\":8,\"k\":25,\"minScore\":" + least))
                .containsExactlyElementsOf(ids(all.subList(0, 61)));
    }

    @Test
    void aPageMayHaveAnotherSizeThanTheOneBefore() {
        String query = "\"text\":\"car\",\"nprobe\":8";
        Reply first = visitor.ask("{" + query + ",\"k\":10}");
        Reply second = visitor.ask("{" + query + ",\"k\":30,\"withVectors\":true,\"cursor\":\"" + next(first) + "\"}");

        List<Long> both = new ArrayList<>(first.ids());
        both.addAll(second.ids());
        assertThat(both).containsExactlyElementsOf(ids(SmallIndex.best(index.items(), SmallIndex.embed("car"), 40)));
    }

    @Test
    void nothingComesTwiceOrIsSkippedWhenPicturesAreTakenDownAndGivenBackBetweenPages() {
        List<Long> all = ids(SmallIndex.best(index.items(), SmallIndex.embed("car"), PICTURES));
        String query = "{\"text\":\"car\",\"nprobe\":8,\"k\":20";
        admin("takedown", all.subList(0, 5));
        Reply first = visitor.ask(query + "}");
        assertThat(first.ids()).containsExactlyElementsOf(all.subList(5, 25));
        // Behind the first page one goes; before it some come back and others go.
        admin("takedown", List.of(all.get(8), all.get(9), all.get(30)));
        admin("restore", all.subList(0, 5));

        Reply second = visitor.ask(query + ",\"cursor\":\"" + next(first) + "\"}");

        List<Long> expected = new ArrayList<>(all.subList(25, 46));
        expected.remove(all.get(30));
        assertThat(second.ids()).containsExactlyElementsOf(expected);
    }

    @Test
    void nearDuplicatesOfEarlierPagesAreNoHits() {
        long twin = index.items().get(SmallIndex.TWINS).id();
        String query = "{\"id\":" + twin + ",\"nprobe\":8,\"nearDuplicates\":0.999,\"k\":5";

        List<Long> shown = pages(query);

        Set<Long> twins = new HashSet<>();
        for (int place = SmallIndex.TWINS; place <= SmallIndex.LAST_TWIN; place++) {
            twins.add(index.items().get(place).id());
        }
        assertThat(shown).doesNotHaveDuplicates();
        assertThat(shown).filteredOn(twins::contains).hasSize(1);
        assertThat(shown)
                .hasSize(visitor.ask(query.replace("\"k\":5", "\"k\":150") + "}")
                        .ids()
                        .size());
    }

    @Test
    void alteredAndForeignCursorsAreRefused() {
        String next = next(visitor.get("/search?text=car&k=5"));
        for (int i = 0; i < next.length(); i += 3) {
            char other = next.charAt(i) == 'A' ? 'B' : 'A';
            String altered = next.substring(0, i) + other + next.substring(i + 1);
            Reply reply = visitor.get("/search?text=car&k=5&cursor=" + altered);
            assertThat(reply.status()).as(altered).isIn(400, 410);
        }
        for (String foreign : List.of(
                "text=cars",
                "text=car&minScore=0",
                "text=car&nprobe=3",
                "text=car&nearDuplicates=0.9",
                "text=car&minPercentile=0.1",
                "id=1000")) {
            Reply reply = visitor.get("/search?" + foreign + "&k=5&cursor=" + next);
            assertThat(reply.status()).as(foreign).isEqualTo(400);
            assertThat(reply.errorMessage()).contains("another query");
        }
        for (String nonsense : List.of("x", "%20", "AAAA", "A".repeat(1000), next + "AAAA", "")) {
            assertThat(visitor.get("/search?text=car&k=5&cursor=" + nonsense).status())
                    .as(nonsense)
                    .isEqualTo(400);
        }
        assertThat(visitor.get("/search?text=car&k=5&cursor=" + next).status()).isEqualTo(200);
    }

    @Test
    void aCursorOfAGenerationThatIsNotServedAnyMoreIsGone() {
        String next = next(visitor.get("/search?text=car&k=5"));
        SmallIndex.publish(folder, 2, 82, PICTURES, 2);
        TestServers.await(
                "the second is served",
                () -> visitor.get("/info").json().path("generation").asText().equals("gen-000002"));

        Reply reply = visitor.get("/search?text=car&k=5&cursor=" + next);

        assertThat(reply.status()).isEqualTo(410);
        assertThat(reply.errorCode()).isEqualTo("generation_gone");
        assertThat(reply.errorMessage()).contains("gen-000001", "gen-000002");
    }

    @Test
    void pagesReachDownToTheDepthThatIsSet(@TempDir Path other) {
        SmallIndex larger = SmallIndex.publish(other, 1, 83, 200, 2);
        try (SearchServer shallow =
                TestServers.start(other, Map.of("search.max-k", "100", "search.max-depth", "150"))) {
            Visitor asking = new Visitor(shallow.address());
            String query = "/search?text=car&nprobe=8&k=100";
            Reply first = asking.get(query);
            Reply second = asking.get(query + "&cursor=" + next(first));

            List<Long> both = new ArrayList<>(first.ids());
            both.addAll(second.ids());
            assertThat(both)
                    .containsExactlyElementsOf(ids(SmallIndex.best(larger.items(), SmallIndex.embed("car"), 150)));
            Reply third = asking.get(query + "&cursor=" + next(second));
            assertThat(third.status()).isEqualTo(400);
            assertThat(third.errorMessage()).contains("behind hit 150", "down to hit 150");
        }
    }

    private List<Long> pages(String beginOfQuery) {
        List<Long> all = new ArrayList<>();
        String cursor = "";
        for (int page = 0; page <= PICTURES; page++) {
            Reply reply = visitor.ask(beginOfQuery + cursor + "}");
            assertThat(reply.status()).as(reply.text()).isEqualTo(200);
            all.addAll(reply.ids());
            JsonNode next = reply.json().path("next");
            if (next.isMissingNode()) {
                return all;
            }
            cursor = ",\"cursor\":\"" + next.asText() + "\"";
        }
        throw new AssertionError("the pages have no end");
    }

    private static String next(Reply reply) {
        assertThat(reply.json().path("next").asText()).as(reply.text()).isNotEmpty();
        return reply.json().path("next").asText();
    }

    private void admin(String what, List<Long> ids) {
        Reply reply = visitor.post("/admin/" + what, "application/json", ("{\"ids\":" + ids + "}").getBytes(UTF_8));
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
    }

    private static List<Long> ids(List<Found> found) {
        return found.stream().map(Found::id).toList();
    }
}
