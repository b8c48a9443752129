package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class VectorBlockTest {
    @Test
    void rowsAreSortedInPlaceWithTheirIds() {
        Random random = new Random(7);
        for (int size : new int[] {0, 1, 2, 3, 10, 1_000}) {
            VectorBlock block = new VectorBlock(size / 2, 3);
            for (int row = 0; row < size; row++) {
                long id = random.nextInt(1_000);
                block.add(id, new float[] {0, id, id + 1, 2 * id}, 1);
            }
            long[] expected = LongStream.of(block.ids()).limit(size).sorted().toArray();
            block.sort(Comparator.comparingLong(block::id));
            block.trim();
            assertThat(block.ids()).isEqualTo(expected);
            for (int row = 0; row < size; row++) {
                float id = expected[row];
                assertThat(Arrays.copyOfRange(block.vectors(), 3 * row, 3 * row + 3))
                        .containsExactly(id, id + 1, 2 * id);
            }
            block.keepFirst(2);
            assertThat(block.size()).isEqualTo(Math.min(size, 2));
        }
    }
}
