package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Labels of hits, and several queries in one request. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FacetsAndBatchTest {
    private static final List<String> LABELS = List.of("car", "animal", "food", "flag");

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        index = SmallIndex.publish(folder, 1, 95, 200, 2);
        server = TestServers.start(folder, Map.of("search.max-facets", "5", "search.max-batch", "4"));
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @Test
    void everyHitHasTheNearestLabelAndTheModelsOwnConfidence() {
        List<float[]> labels = LABELS.stream().map(SmallIndex::embed).toList();

        Reply reply = visitor.get("/search?text=red&k=50&nprobe=8&facets=car,animal&facets=food&facets=flag");

        Map<String, Integer> counts = new HashMap<>();
        assertThat(reply.json().path("hits")).hasSize(50);
        for (JsonNode hit : reply.json().path("hits")) {
            float[] vector = index.item(hit.path("id").asLong()).vector();
            double[] logits = labels.stream()
                    .mapToDouble(label -> 100 * dot(label, vector))
                    .toArray();
            int best = 0;
            double sum = 0;
            for (int i = 0; i < logits.length; i++) {
                best = logits[i] > logits[best] ? i : best;
            }
            for (double logit : logits) {
                sum += Math.exp(logit - logits[best]);
            }
            assertThat(hit.path("facet").asText()).isEqualTo(LABELS.get(best));
            assertThat(hit.path("facetConfidence").asDouble()).isCloseTo(1 / sum, within(2e-3));
            assertThat(hit.path("vector").isNull()).isTrue();
            counts.merge(LABELS.get(best), 1, Integer::sum);
        }
        JsonNode facets = reply.json().path("facets");
        assertThat(facets.findValuesAsText("label")).isEqualTo(LABELS);
        for (JsonNode facet : facets) {
            int count = counts.getOrDefault(facet.path("label").asText(), 0);
            assertThat(facet.path("count").asInt()).isEqualTo(count);
            assertThat(facet.path("share").asDouble()).isCloseTo(count / 50.0, within(1e-4));
        }
    }

    @Test
    void oneLabelIsLookedForUntilThereAreEnoughHitsOfIt() {
        String query = "{\"text\":\"red\",\"nprobe\":8,\"facets\":[\"car\",\"animal\",\"food\",\"flag\"]";
        List<JsonNode> all = hits(visitor.ask(query + ",\"k\":1000}"));
        for (String label : LABELS) {
            List<Long> ofLabel = ofLabel(all, label);
            for (int k : new int[] {1, 10, 200}) {
                Reply reply = visitor.ask(query + ",\"k\":" + k + ",\"facet\":\"" + label + "\"}");

                List<Long> expected = ofLabel.subList(0, Math.min(k, ofLabel.size()));
                assertThat(reply.ids()).as("%d of %s", k, label).isEqualTo(expected);
                int looked = k <= ofLabel.size() ? 1 + ids(all).indexOf(ofLabel.get(k - 1)) : all.size();
                for (JsonNode facet : reply.json().path("facets")) {
                    assertThat(facet.path("count").asInt())
                            .as("%s beside %d of %s", facet, k, label)
                            .isEqualTo(ofLabel(
                                            all.subList(0, looked),
                                            facet.path("label").asText())
                                    .size());
                }
            }
        }
    }

    @Test
    void pagesOfOneLabelHaveEveryHitOfItOnce() {
        String query = "{\"text\":\"red\",\"nprobe\":8,\"facets\":[\"car\",\"animal\",\"food\",\"flag\"]";
        for (String more : List.of("", ",\"nearDuplicates\":0.99")) {
            List<JsonNode> all = hits(visitor.ask(query + more + ",\"k\":1000}"));
            List<Long> paged = new ArrayList<>();
            String cursor = "";
            while (cursor != null) {
                Reply reply = visitor.ask(query + more + ",\"k\":7,\"facet\":\"food\"" + cursor + "}");
                JsonNode next = reply.json().path("next");
                assertThat(reply.ids()).hasSizeLessThanOrEqualTo(7);
                assertThat(reply.ids().size() == 7 || next.isMissingNode()).isTrue();
                paged.addAll(reply.ids());
                cursor = next.isMissingNode() ? null : ",\"cursor\":\"" + next.asText() + "\"";
            }
            assertThat(paged).isEqualTo(ofLabel(all, "food"));
        }
    }

    private static List<JsonNode> hits(Reply reply) {
        List<JsonNode> hits = new ArrayList<>();
        reply.json().path("hits").forEach(hits::add);
        return hits;
    }

    private static List<Long> ids(List<JsonNode> hits) {
        return hits.stream().map(hit -> hit.path("id").asLong()).toList();
    }

    private static List<Long> ofLabel(List<JsonNode> hits, String label) {
        return ids(hits.stream()
                .filter(hit -> hit.path("facet").asText().equals(label))
                .toList());
    }

    @Test
    void labelsThatCannotBeMeantAreRefused() {
        Map<String, String> wrong = Map.of(
                "facets=car", "two at least",
                "facets=car,car", "more than once",
                "facets=car,", "is empty",
                "facets=a,b,c,d,e,f", "at most 5",
                "facets=a,b&facet=c", "expected one of facets",
                "facet=c", "expected one of facets");
        wrong.forEach((parameters, message) -> {
            Reply reply = visitor.get("/search?text=red&" + parameters);
            assertThat(reply.status()).as(parameters).isEqualTo(400);
            assertThat(reply.errorMessage()).contains(message);
        });
    }

    @Test
    void everyQueryOfABatchIsAnsweredOrRefusedOnItsOwn() {
        Reply reply = batch("{\"queries\":[{\"text\":\"car\",\"k\":3,\"nprobe\":8},{\"text\":\"\"},{\"id\":1},"
                + "{\"id\":1000,\"k\":2,\"nprobe\":8}]}");

        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        JsonNode answers = reply.json().path("answers");
        assertThat(answers).hasSize(4);
        assertThat(answers.get(0).path("hits").findValuesAsText("id"))
                .isEqualTo(visitor.ask("{\"text\":\"car\",\"k\":3,\"nprobe\":8}")
                        .json()
                        .path("hits")
                        .findValuesAsText("id"));
        assertThat(answers.get(1).at("/error/code").asText()).isEqualTo("bad_request");
        assertThat(answers.get(1).at("/error/message").asText()).contains("text is empty");
        assertThat(answers.get(2).at("/error/code").asText()).isEqualTo("not_found");
        assertThat(answers.get(3).at("/hits/0/id").asLong()).isEqualTo(1000);
    }

    @Test
    void batchesThatCannotBeMeantAreRefusedAsAWhole() {
        Map<String, String> wrong = Map.of(
                "{}", "queries is missing",
                "{\"queries\":[]}", "1 to 4",
                "{\"queries\":[{},{},{},{},{}]}", "1 to 4",
                "{\"queries\":{}}", "an object",
                "{\"queries\":[{}],\"k\":3}", "unknown field 'k'",
                "[]", "no JSON object");
        wrong.forEach((body, message) -> {
            Reply reply = batch(body);
            assertThat(reply.status()).as(body).isEqualTo(400);
            assertThat(reply.errorMessage()).contains(message);
        });
        assertThat(batch("{\"queries\":[3]}")
                        .json()
                        .at("/answers/0/error/message")
                        .asText())
                .contains("a query is 3, expected an object");
        assertThat(visitor.post("/search/batch", "image/png", new byte[] {1}).status())
                .isEqualTo(415);
    }

    private Reply batch(String body) {
        return visitor.post("/search/batch", "application/json", body.getBytes(UTF_8));
    }

    private static double dot(float[] left, float[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += (double) left[i] * right[i];
        }
        return sum;
    }
}
