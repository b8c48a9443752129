package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.imagesearch.core.parquet.RowRange;
import org.junit.jupiter.api.Test;

class CensusTest {
    @Test
    void tasksReadEveryRowInOrderAndSoManyEachWhereverRunsAndRowGroupsEnd() {
        Census census = new Census(
                List.of(
                        run("a", 0, 0, 100),
                        run("a", 0, 100, 130),
                        run("a", 1, 0, 20),
                        run("a", 1, 20, 20),
                        run("b", 0, 0, 90)),
                0);

        assertThat(census.tasks(80))
                .containsExactly(
                        List.of(rows("a", 0, 0, 80)),
                        List.of(rows("a", 0, 80, 130), rows("a", 1, 0, 20), rows("b", 0, 0, 10)),
                        List.of(rows("b", 0, 10, 90)));
        assertThat(census.tasks(1_000))
                .containsExactly(List.of(rows("a", 0, 0, 130), rows("a", 1, 0, 20), rows("b", 0, 0, 90)));
        assertThat(new Census(List.of(), 0).tasks(80)).isEmpty();
    }

    @Test
    void aTaskOfTheSampleDrawsEightMebibytesAndReadsASplitAtMost() {
        long split = 128 << 20;
        assertThat(Sample.rowsPerTask(300_000, 300_000, split, 512)).isEqualTo(4_096);
        assertThat(Sample.rowsPerTask(1_000_000, 300_000, split, 512)).isEqualTo(4_096);
        assertThat(Sample.rowsPerTask(100_000, 400_000, split, 512)).isEqualTo(16_384);
        assertThat(Sample.rowsPerTask(1_000, 100_000_000, split, 512)).isEqualTo(65_536);
        assertThat(Sample.rowsPerTask(1_000, 100_000_000, split / 2, 512)).isEqualTo(32_768);
        assertThat(Sample.rowsPerTask(10, 10, split, 4 << 20)).isEqualTo(1);
    }

    private static Run run(String file, int rowGroup, long from, long to) {
        return new Run(rows(file, rowGroup, from, to), to - from);
    }

    private static RowRange rows(String file, int rowGroup, long from, long to) {
        return new RowRange(file, rowGroup, from, to);
    }
}
