package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;

class KMeansTest {
    private final Vectors vectors = new Vectors(3, 4_000, 32);

    @Test
    void theSameSeedGivesTheSameCentroids() {
        assertThat(train(5)).containsExactly(train(5));
        assertThat(train(5)).isNotEqualTo(train(6));
    }

    @Test
    void sphericalCentroidsHaveLengthOne() {
        float[] centroids = train(5);
        for (int c = 0; c < 16; c++) {
            double square = 0;
            for (int j = 0; j < 32; j++) {
                square += centroids[c * 32 + j] * centroids[c * 32 + j];
            }
            assertThat(square).isCloseTo(1.0, within(1e-4));
        }
    }

    @Test
    void centroidsComeNearerToTheVectorsThanRandomOnes() {
        float[] random = Arrays.copyOf(vectors.values, 16 * 32);
        assertThat(objective(train(5))).isGreaterThan(objective(random) + 0.05);
    }

    @Test
    void impossibleRequestsAreRefused() {
        assertThatThrownBy(() -> KMeans.train(vectors.values, 10, 32, 11, KMeansOptions.seeded(1)))
                .hasMessageContaining("11 centroids");
        assertThatThrownBy(() -> KMeans.train(vectors.values, 4_001, 32, 4, KMeansOptions.seeded(1)))
                .hasMessageContaining("vectors has");
        assertThatThrownBy(() -> new KMeansOptions(0, 1, 0, 1)).isInstanceOf(ImageSearchException.class);
    }

    @Test
    void vectorsThatAreNotNumbersAreADataError() {
        float[] broken = vectors.values.clone();
        broken[77] = Float.NaN;
        assertThatThrownBy(() -> KMeans.train(broken, 4_000, 32, 4, KMeansOptions.seeded(1)))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining("NaN");
    }

    private float[] train(int seed) {
        return KMeans.train(vectors.values, vectors.count, 32, 16, new KMeansOptions(10, seed, 0, 2))
                .centroids();
    }

    /** Mean inner product of each vector with its best centroid. */
    private double objective(float[] centroids) {
        try (IvfIndex index = IvfIndex.fromCentroids(centroids, 16, 32)) {
            float[] scores = new float[vectors.count];
            index.assign(vectors.values, vectors.count, 1, new long[vectors.count], scores);
            double sum = 0;
            for (float score : scores) {
                sum += score;
            }
            return sum / scores.length;
        }
    }
}
