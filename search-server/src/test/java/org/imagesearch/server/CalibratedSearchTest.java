package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.server.SmallIndex.Found;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How hits stand among random pictures of the index; the sample of this one has every picture. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CalibratedSearchTest {
    private static final int PICTURES = 400;

    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        index = SmallIndex.publish(folder, 1, 91, PICTURES, 3);
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
    void percentilesAreSharesOfPicturesThatScoreLower() {
        List<Found> all = SmallIndex.best(index.items(), SmallIndex.embed("car"), PICTURES);

        Reply reply = visitor.get("/search?nprobe=8&k=400&text=car&calibrated=true");

        JsonNode hits = reply.json().path("hits");
        // Within the best twentieth a tail is fitted; below it, the share is counted.
        for (int place = PICTURES / 20 + 1; place < PICTURES; place++) {
            double score = all.get(place).score();
            long lower =
                    all.stream().filter(found -> found.score() < score - 1e-6).count();
            long equal = all.stream()
                    .filter(found -> Math.abs(found.score() - score) <= 1e-6)
                    .count();
            assertThat(hits.get(place).path("percentile").asDouble())
                    .as("place " + place)
                    .isCloseTo((lower + equal / 2.0) / PICTURES, within(0.02));
        }
        double before = 1;
        for (JsonNode hit : hits) {
            assertThat(hit.path("percentile").asDouble()).isLessThanOrEqualTo(before);
            before = hit.path("percentile").asDouble();
        }
        double mean = all.stream().mapToDouble(Found::score).average().orElseThrow();
        JsonNode calibration = reply.json().path("calibration");
        assertThat(calibration.path("sample").asInt()).isEqualTo(PICTURES);
        assertThat(calibration.path("mean").asDouble()).isCloseTo(mean, within(1e-4));
        double deviation = Math.sqrt(all.stream()
                .mapToDouble(found -> Math.pow(found.score() - mean, 2))
                .average()
                .orElseThrow());
        assertThat(calibration.path("deviation").asDouble()).isCloseTo(deviation, within(1e-4));
        assertThat(calibration.path("cutoff").asDouble())
                .isCloseTo(mean + SmallIndex.WORDS_CUTOFF * deviation, within(1e-3));
    }

    @Test
    void hitsTellNoPercentileUnlessAsked() {
        JsonNode answer = visitor.get("/search?text=car").json();

        assertThat(answer.has("calibration")).isFalse();
        assertThat(answer.at("/hits/0").has("percentile")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"text=car, 2", "id=1700, 3"})
    void theAutomaticCutoffIsTheMeasuredOneOfTheQuerysKind(String query, double standing) {
        JsonNode all =
                visitor.get("/search?nprobe=8&k=400&calibrated=true&" + query).json();
        double least = all.at("/calibration/mean").asDouble()
                + standing * all.at("/calibration/deviation").asDouble();
        long expected = all.path("hits").findValuesAsText("score").stream()
                .mapToDouble(Double::parseDouble)
                .filter(score -> score >= least)
                .count();

        Reply cut = visitor.get("/search?nprobe=8&k=400&cutoff=auto&" + query);

        assertThat(cut.ids()).hasSize((int) expected);
        assertThat(expected).isBetween(1L, 40L);
        assertThat(cut.json().at("/hits/0").has("percentile")).isTrue();
    }

    @Test
    void hitsBelowALeastPercentileAreLeftOut() {
        Reply reply = visitor.ask("{\"text\":\"car\",\"nprobe\":8,\"k\":400,\"minPercentile\":0.9}");

        // The scan may round a score otherwise than the comparison with the sample.
        assertThat(reply.ids()).hasSizeBetween(PICTURES / 10 - 1, PICTURES / 10 + 1);
        reply.json()
                .path("hits")
                .forEach(hit -> assertThat(hit.path("percentile").asDouble()).isGreaterThanOrEqualTo(0.898));
        assertThat(visitor.ask("{\"text\":\"car\",\"nprobe\":8,\"k\":400,\"minPercentile\":0.9,\"minScore\":2}")
                        .ids())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "minPercentile=1, less than 1",
        "minPercentile=-0.1, at least 0",
        "cutoff=high, expected auto",
        "calibrated=1, true or false"
    })
    void whatCannotBeMeantIsRefused(String parameter, String message) {
        Reply reply = visitor.get("/search?text=car&" + parameter);

        assertThat(reply.status()).isEqualTo(400);
        assertThat(reply.errorMessage()).contains(message);
    }

    @Test
    void aGenerationThatHasNoSampleAnswersButSaysThatItCannotCalibrate(@TempDir Path folder) throws Exception {
        SmallIndex old = SmallIndex.publish(folder, 1, 92, 60, 1);
        Path manifest = old.folder().resolve(IndexLayout.MANIFEST);
        ObjectNode json = Json.read(Files.readAllBytes(manifest), ObjectNode.class, "index.json");
        json.remove("calibration");
        Files.write(manifest, Json.write(json));
        Files.delete(old.folder().resolve(IndexLayout.SAMPLE));
        try (SearchServer of = TestServers.start(folder, Map.of())) {
            Visitor asking = new Visitor(of.address());

            assertThat(asking.get("/search?text=car").status()).isEqualTo(200);
            for (String wish : List.of("calibrated=true", "cutoff=auto", "minPercentile=0.5")) {
                Reply reply = asking.get("/search?text=car&" + wish);
                assertThat(reply.status()).as(wish).isEqualTo(400);
                assertThat(reply.errorMessage()).contains("gen-000001 has no sample");
            }
        }
    }

    @Test
    void aDamagedSampleIsRefusedWhenTheGenerationIsOpened(@TempDir Path folder) throws Exception {
        SmallIndex damaged = SmallIndex.publish(folder, 1, 93, 60, 1);
        SmallIndex.flipBit(damaged.folder().resolve(IndexLayout.SAMPLE));

        assertThatThrownBy(() -> TestServers.start(folder, Map.of())).hasMessageContaining(IndexLayout.SAMPLE);
    }
}
