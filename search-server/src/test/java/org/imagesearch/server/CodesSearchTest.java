package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.imagesearch.core.index.VectorCodec;
import org.imagesearch.server.SmallIndex.Found;
import org.imagesearch.server.SmallIndex.Item;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Searches in indexes of codes, with and without refinement, mapped and read, against exact search over the vectors. */
class CodesSearchTest {
    private static final int K = 20;

    /** With as many lists as there are: how many of the exact hits, and how near the scores. */
    @ParameterizedTest
    @CsvSource({
        "SQ8, '', true, 17, 0.02",
        "SQ8, '', false, 17, 0.02",
        "SQfp16, '', true, 19, 0.001",
        "SQ8, Flat, true, 20, 0.000005",
        "PQ32, SQfp16, true, 19, 0.001"
    })
    void hitsAreNearlyOrExactlyThoseOfTheVectors(
            String codec, String finer, boolean map, int least, double tolerance, @TempDir Path folder) {
        SmallIndex index = SmallIndex.write(folder, 1, 51, 400, 3);
        index.recode(
                VectorCodec.parse(codec), finer.isEmpty() ? Optional.empty() : Optional.of(VectorCodec.parse(finer)));
        index.publish();
        try (SearchServer server = TestServers.start(folder, Map.of("index.map", Boolean.toString(map)))) {
            Visitor visitor = new Visitor(server.address());
            float[] query = SmallIndex.randomUnit(new Random(7));
            List<Found> exact = SmallIndex.best(index.items(), query, 400);

            Visitor.Reply reply = visitor.ask(
                    "{\"vector\":" + Arrays.toString(query) + ",\"k\":" + K + ",\"nprobe\":" + SmallIndex.NLIST + "}");

            assertThat(reply.ids()).hasSize(K);
            assertThat(exact.stream()
                            .limit(K)
                            .filter(found -> reply.ids().contains(found.id()))
                            .count())
                    .isGreaterThanOrEqualTo(least);
            for (int place = 0; place < K; place++) {
                long id = reply.ids().get(place);
                double score = exact.stream()
                        .filter(found -> found.id() == id)
                        .findFirst()
                        .orElseThrow()
                        .score();
                assertThat(reply.json().at("/hits/" + place + "/score").asDouble())
                        .isCloseTo(score, within(tolerance));
            }

            Item item = index.items().get(123);
            assertThat(visitor.get("/search?nprobe=8&k=3&id=" + item.id()).ids())
                    .contains(item.id());
        }
    }
}
