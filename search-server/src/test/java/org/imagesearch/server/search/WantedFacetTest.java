package org.imagesearch.server.search;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.search.Answer.Coverage;
import org.imagesearch.server.search.Answer.Hit;
import org.junit.jupiter.api.Test;

class WantedFacetTest {
    private static final Deadline LATER = Deadline.in(Duration.ofMinutes(1));

    private final List<Integer> looked = new ArrayList<>();

    @Test
    void aPageEndsWithItsLastWantedHit() {
        Seen seen = WantedFacet.of("x", 5, 10_000).find(pictures(10_000, 10), LATER);

        assertThat(seen.hitsOf("x")).extracting(Hit::id).containsExactly(0L, 10L, 20L, 30L, 40L);
        assertThat(seen.hits()).hasSize(41);
        assertThat(seen.page().found()).hasSize(41);
        assertThat(seen.page().more()).isTrue();
        assertThat(looked).containsExactly(5, 20, 80);
    }

    @Test
    void aPageThatHasEnoughAtOnceLooksOnce() {
        Seen seen = WantedFacet.of("x", 5, 10_000).find(pictures(5, 1), LATER);

        assertThat(seen.hitsOf("x")).hasSize(5);
        assertThat(seen.page().more()).isFalse();
        assertThat(looked).containsExactly(5);
    }

    @Test
    void rareLabelsAreLookedForWithinABound() {
        assertThat(WantedFacet.of("x", 5, 10_000)
                        .find(pictures(10_000, 900), LATER)
                        .hitsOf("x"))
                .extracting(Hit::id)
                .containsExactly(0L, 900L);
        assertThat(looked).containsExactly(5, 20, 80, 320, 1000);
        assertThat(WantedFacet.of("x", 300, 10_000).most()).isEqualTo(3000);
        assertThat(WantedFacet.of("x", 3000, 10_000).most()).isEqualTo(10_000);
        assertThat(WantedFacet.of("x", 5, 12).most()).isEqualTo(12);
    }

    @Test
    void theEndOfTheIndexAndOfTheTimeEndTheLooking() {
        Seen seen = WantedFacet.of("x", 5, 10_000).find(pictures(30, 10), LATER);
        assertThat(seen.hitsOf("x")).hasSize(3);
        assertThat(seen.page().more()).isFalse();
        assertThat(looked).containsExactly(5, 20, 80);

        looked.clear();
        Seen late = WantedFacet.of("x", 5, 10_000).find(pictures(30, 10), Deadline.in(Duration.ZERO));
        assertThat(late.hitsOf("x")).hasSize(1);
        assertThat(late.page().more()).isTrue();
        assertThat(looked).containsExactly(5);
    }

    /** So many pictures, of which every so manyth has the label. */
    private IntFunction<Seen> pictures(int count, int step) {
        return wanted -> {
            looked.add(wanted);
            int size = Math.min(count, wanted);
            List<Found> found = IntStream.range(0, size)
                    .mapToObj(id -> new Found(0, id, -id))
                    .toList();
            List<Hit> hits = IntStream.range(0, size)
                    .mapToObj(id -> hit(id, id % step == 0 ? "x" : "y"))
                    .toList();
            return new Seen(new Page(List.of(), found, size < count), new Coverage(1, 1, List.of()), hits);
        };
    }

    private static Hit hit(long id, String label) {
        return new Hit(
                id,
                -id,
                "file:///" + id,
                1,
                1,
                Optional.empty(),
                Map.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(label),
                Optional.of(1.0));
    }
}
