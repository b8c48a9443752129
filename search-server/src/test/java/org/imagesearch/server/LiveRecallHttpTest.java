package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.imagesearch.server.SmallIndex.Found;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recall that a server reports of the queries it answered, compared with exact search. */
class LiveRecallHttpTest {
    private static final List<String> WORDS =
            List.of("red car", "boat", "snow", "a cat", "tree", "blue", "sky", "house");

    @TempDir
    Path folder;

    @Test
    void theRecallOfWhatWasAnsweredIsTold() {
        SmallIndex index = SmallIndex.publish(folder, 1, 87, 500, 3);
        try (SearchServer server =
                TestServers.start(folder, Map.of("search.live-recall.share", "1", "search.live-recall.budget", "1"))) {
            Visitor visitor = new Visitor(server.address());
            double sum = 0;
            for (String words : WORDS) {
                String query = words.replace(' ', '+');
                Set<Long> found = new HashSet<>(
                        visitor.get("/search?nprobe=1&k=15&text=" + query).ids().subList(0, 10));
                found.retainAll(SmallIndex.best(index.items(), SmallIndex.embed(words), 10).stream()
                        .map(Found::id)
                        .toList());
                sum += found.size() / 10.0;
            }
            assertThat(sum).as("a recall that could be measured wrong").isBetween(0.5, WORDS.size() - 0.5);
            visitor.get("/search?id=1700&nprobe=8");
            visitor.get("/search?id=1700&text=boat&nprobe=2");

            TestServers.await(
                    "all are measured",
                    () -> measured(visitor, "words") == WORDS.size()
                            && measured(visitor, "pictures") == 1
                            && measured(visitor, "mixed") == 1);
            double mean = sum / WORDS.size();
            assertThat(visitor.metric("imagesearch_live_recall{queries=\"words\"}"))
                    .isCloseTo(mean, within(1e-9));
            assertThat(visitor.metric("imagesearch_live_recall_sum_total{queries=\"words\"}"))
                    .isCloseTo(sum, within(1e-9));
            assertThat(visitor.metric("imagesearch_live_recall_expected{queries=\"words\"}"))
                    .isCloseTo(0.4, within(1e-9));
            assertThat(visitor.metric("imagesearch_live_recall{queries=\"pictures\"}"))
                    .isEqualTo(1);
            assertThat(visitor.metric("imagesearch_live_recall_work_seconds_total"))
                    .isPositive();
            JsonNode told = visitor.get("/info").json().path("liveRecall");
            assertThat(told.path("share").asDouble()).isEqualTo(1);
            assertThat(told.at("/queries/words/measured").asInt()).isEqualTo(WORDS.size());
            assertThat(told.at("/queries/words/recall").asDouble()).isCloseTo(mean, within(1e-9));
            assertThat(told.at("/dropped/queue_full").asInt()).isZero();
        }
    }

    @Test
    void theCurveOfTheIndexIsTold() {
        SmallIndex.publish(folder, 1, 88, 100, 2);
        try (SearchServer server = TestServers.start(folder, Map.of("search.live-recall.share", "0"))) {
            Visitor visitor = new Visitor(server.address());
            assertThat(visitor.metric("imagesearch_index_recall{nprobe=\"2\",queries=\"words\"}"))
                    .isEqualTo(0.7);
            assertThat(visitor.metric("imagesearch_index_recall{nprobe=\"2\",queries=\"pictures\"}"))
                    .isEqualTo(0.8);
            assertThat(visitor.metric("imagesearch_index_scanned_share{nprobe=\"4\"}"))
                    .isEqualTo(0.55);
            assertThat(visitor.metric("imagesearch_index_default_nprobe")).isEqualTo(4);
            assertThat(visitor.metric("imagesearch_index_target_recall")).isEqualTo(0.9);
            assertThat(visitor.get("/metrics").text()).containsPattern("simd=\"(avx512|avx2|portable)\"");

            visitor.get("/search?text=a");
            assertThat(visitor.get("/info").json().at("/liveRecall/queries")).isEmpty();
        }
    }

    private static double measured(Visitor visitor, String kind) {
        return visitor.metric("imagesearch_live_recall_queries_total{queries=\"" + kind + "\"}");
    }
}
