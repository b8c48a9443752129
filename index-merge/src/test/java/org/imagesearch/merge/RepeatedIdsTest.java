package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.imagesearch.core.parquet.RowRange;
import org.junit.jupiter.api.Test;

class RepeatedIdsTest {
    private static final long SEED = 11;

    @Test
    void groupsThatShareNothingAreLeftOut() {
        assertThat(RepeatedIds.overlapping(List.of(span(0, 0, 9, true), span(1, 10, 10, true), span(2, 11, 20, true))))
                .isEmpty();
        assertThat(RepeatedIds.overlapping(List.of(span(0, Long.MAX_VALUE, Long.MIN_VALUE, true))))
                .isEmpty();
    }

    @Test
    void groupsOutOfOrderOrInEachOthersRangeAreFound() {
        assertThat(groups(List.of(span(0, 0, 9, false), span(1, 10, 20, true)))).containsExactly(0);
        assertThat(groups(List.of(span(0, 0, 9, true), span(1, 9, 20, true)))).containsExactly(0, 1);
        // The widest one overlaps those that do not overlap each other.
        assertThat(groups(List.of(span(0, 0, 100, true), span(1, 5, 6, true), span(2, 50, 60, true))))
                .containsExactly(0, 1, 2);
    }

    @Test
    void everyPairThatSharesARangeIsAmongThem() {
        Random random = new Random(SEED);
        for (int round = 0; round < 500; round++) {
            List<IdSpan> spans = new ArrayList<>();
            for (int group = 0; group < 8; group++) {
                long least = random.nextInt(100);
                spans.add(span(group, least, least + random.nextInt(12), true));
            }
            List<Integer> expected = new ArrayList<>();
            for (IdSpan one : spans) {
                if (spans.stream()
                        .anyMatch(other -> other.rows().rowGroup() != one.rows().rowGroup()
                                && other.least() <= one.most()
                                && one.least() <= other.most())) {
                    expected.add(one.rows().rowGroup());
                }
            }
            assertThat(groups(spans)).as("seed %d, round %d", SEED, round).containsAll(expected);
            assertThat(groups(spans)).hasSameSizeAs(expected);
        }
    }

    private static List<Integer> groups(List<IdSpan> spans) {
        return RepeatedIds.overlapping(spans).stream()
                .map(RowRange::rowGroup)
                .sorted()
                .toList();
    }

    private static IdSpan span(int group, long least, long most, boolean ascending) {
        return new IdSpan(new RowRange("f", group, 0, 10), least, most, ascending);
    }
}
