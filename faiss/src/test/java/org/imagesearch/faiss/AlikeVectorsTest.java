package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;

class AlikeVectorsTest {
    /** On a circle, each is like its neighbours only, and yet all of an arc are of one group. */
    @Test
    void chainsJoin() {
        double[] degrees = {0, 90, 5, 10, 200, 95, 15, 203, 300};
        float[] vectors = new float[2 * degrees.length];
        for (int i = 0; i < degrees.length; i++) {
            vectors[2 * i] = (float) Math.cos(Math.toRadians(degrees[i]));
            vectors[2 * i + 1] = (float) Math.sin(Math.toRadians(degrees[i]));
        }
        float least = (float) Math.cos(Math.toRadians(6));
        assertThat(AlikeVectors.groups(vectors, degrees.length, 2, least)).containsExactly(0, 1, 0, 0, 4, 1, 0, 4, 8);
        assertThat(AlikeVectors.groups(vectors, degrees.length, 2, 1.1f)).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
        assertThat(AlikeVectors.groups(vectors, 1, 2, -1)).containsExactly(0);
    }

    @Test
    void copiesAreFoundAmongManyWhateverTheDimension() {
        for (int dimension : new int[] {3, 64, 100, 512}) {
            int n = 203;
            Vectors vectors = new Vectors(dimension, n, dimension);
            int[] expected = new int[n];
            Random random = new Random(dimension);
            for (int i = 0; i < n; i++) {
                int of = random.nextInt(3) == 0 ? random.nextInt(i + 1) : i;
                expected[i] = expected[of] = of == i ? i : expected[of];
                System.arraycopy(vectors.row(of), 0, vectors.values, i * dimension, dimension);
            }
            float least = dimension == 3 ? 0.9999999f : 0.999f;
            int[] groups = AlikeVectors.groups(vectors.values, n, dimension, least);
            if (dimension > 3) {
                assertThat(groups).containsExactly(expected);
            }
            assertThat(Arrays.stream(groups).allMatch(first -> groups[first] == first))
                    .isTrue();
        }
    }

    @Test
    void moreThanEachCanBeComparedWithEachIsRefused() {
        assertThatThrownBy(() -> AlikeVectors.groups(new float[2], 2, 2, 0.9f))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("vectors");
        assertThatThrownBy(() -> AlikeVectors.groups(new float[10_001], 10_001, 1, 0.9f))
                .hasMessageContaining("10000");
    }
}
