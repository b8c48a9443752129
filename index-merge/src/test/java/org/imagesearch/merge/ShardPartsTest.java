package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.imagesearch.core.parquet.RowRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShardPartsTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 64, 1_000})
    void everyRowGoesToOneShardAndShardsDifferByOneRow(int shards) {
        List<Run> runs = runs(10, 6_007, 1_000);
        List<List<RowRange>> parts = ShardParts.deal(runs, shards, 1);
        assertThat(parts).hasSize(shards);
        BitSet[] seen = new BitSet[10];
        for (int group = 0; group < 10; group++) {
            seen[group] = new BitSet();
        }
        for (List<RowRange> part : parts) {
            long count = 0;
            for (RowRange range : part) {
                for (long row = range.from(); row < range.to(); row++) {
                    assertThat(seen[range.rowGroup()].get((int) row)).isFalse();
                    seen[range.rowGroup()].set((int) row);
                }
                count += range.count();
            }
            assertThat(count).isBetween(60_070L / shards, 60_070L / shards + 1);
        }
        assertThat(seen).allMatch(group -> group.cardinality() == 6_007);
    }

    @Test
    void everyShardHasPicturesOfEveryPartOfTheDataset() {
        List<Run> runs = runs(40, 8_192, ShardParts.rowsPerRun(40 * 8_192L));
        for (List<RowRange> part : ShardParts.deal(runs, 4, 1)) {
            for (int quarter = 0; quarter < 4; quarter++) {
                int first = quarter * 10;
                long rows = part.stream()
                        .filter(range -> range.rowGroup() >= first && range.rowGroup() < first + 10)
                        .mapToLong(RowRange::count)
                        .sum();
                // A quarter of 81,920 if all were even.
                assertThat(rows).isBetween(8_000L, 36_000L);
            }
        }
    }

    @Test
    void theDealIsThatOfTheSeedAndRangesAreInOrderAndJoined() {
        List<Run> runs = runs(5, 10_000, 2_048);
        assertThat(ShardParts.deal(runs, 3, 7)).isEqualTo(ShardParts.deal(runs, 3, 7));
        assertThat(ShardParts.deal(runs, 3, 7)).isNotEqualTo(ShardParts.deal(runs, 3, 8));
        assertThat(ShardParts.deal(runs, 1, 7))
                .containsExactly(runs.stream()
                        .filter(run -> run.rows().from() == 0)
                        .map(run -> new RowRange("f", run.rows().rowGroup(), 0, 10_000))
                        .toList());
    }

    @Test
    void runsWithoutWantedRowsAreLeftOutAndWantedOnesCounted() {
        List<Run> runs = List.of(
                new Run(new RowRange("f", 0, 0, 100), 0),
                new Run(new RowRange("f", 0, 100, 200), 100),
                new Run(new RowRange("f", 0, 200, 300), 50),
                new Run(new RowRange("f", 0, 300, 400), 1));
        List<RowRange> dealt = new ArrayList<>();
        ShardParts.deal(runs, 2, 1).forEach(dealt::addAll);
        assertThat(dealt).noneMatch(range -> range.from() < 100);
        assertThat(dealt.stream().mapToLong(RowRange::count).sum()).isEqualTo(300);
        assertThat(ShardParts.deal(List.of(), 2, 1)).containsExactly(List.of(), List.of());
    }

    private static List<Run> runs(int groups, int rowsPerGroup, int rowsPerRun) {
        List<Run> runs = new ArrayList<>();
        for (int group = 0; group < groups; group++) {
            for (int from = 0; from < rowsPerGroup; from += rowsPerRun) {
                RowRange rows = new RowRange("f", group, from, Math.min(rowsPerGroup, from + rowsPerRun));
                runs.add(new Run(rows, rows.count()));
            }
        }
        return runs;
    }
}
