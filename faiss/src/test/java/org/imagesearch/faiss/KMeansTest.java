package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;
import org.junit.jupiter.api.Test;

class KMeansTest {
    private final Vectors vectors = new Vectors(3, 4_000, 32);

    @Test
    void theSameSeedGivesTheSameCentroids() {
        assertThat(train(5).centroids()).containsExactly(train(5).centroids());
        assertThat(train(5).centroids()).isNotEqualTo(train(6).centroids());
    }

    @Test
    void manyThreadsGiveWhatOneGives() {
        Vectors large = new Vectors(7, 9_000, 264);
        Clusters alone = KMeans.train(large.values, 9_000, 264, 300, new KMeansOptions(6, 2, 0, 1));
        for (int threads : new int[] {2, 3, 8}) {
            Clusters beside = KMeans.train(large.values, 9_000, 264, 300, new KMeansOptions(6, 2, 0, threads));
            assertThat(beside.centroids()).containsExactly(alone.centroids());
            assertThat(beside.objectives()).isEqualTo(alone.objectives());
        }
    }

    @Test
    void centroidsHaveLengthOne() {
        float[] centroids = train(5).centroids();
        for (int c = 0; c < 16; c++) {
            assertThat(product(centroids, c, centroids, c, 32)).isCloseTo(1.0, within(1e-6));
        }
    }

    @Test
    void separateClustersAreFound() {
        // Sixteen directions, far apart, with little noise; the first centroids are drawn at random, most directions
        // more than once or not at all.
        Random random = new Random(4);
        float[] spread = new float[1_600 * 24];
        for (int i = 0; i < 1_600; i++) {
            for (int j = 0; j < 24; j++) {
                spread[i * 24 + j] = (float) (random.nextGaussian() * 0.02);
            }
            spread[i * 24 + i % 16] += 1;
        }
        normalise(spread, 24);
        Clusters best = IntStream.range(0, 10)
                .mapToObj(seed -> KMeans.train(spread, 1_600, 24, 16, new KMeansOptions(20, seed, 0, 2)))
                .max((a, b) -> Double.compare(a.objective(), b.objective()))
                .orElseThrow();
        // k-means ends in a local optimum: with twice the centroids, it has one for each direction whatever the seed.
        Clusters twice = KMeans.train(spread, 1_600, 24, 64, new KMeansOptions(20, 1, 0, 2));
        for (int direction = 0; direction < 16; direction++) {
            int axis = direction;
            assertThat(IntStream.range(0, 64).anyMatch(c -> twice.centroids()[c * 24 + axis] > 0.99))
                    .as("direction %d", direction)
                    .isTrue();
        }
        assertThat(twice.objective()).isGreaterThan(0.99);
        assertThat(best.objective()).isGreaterThan(0.85);
    }

    @Test
    void theObjectiveNeverFallsAndIsWhatTheCentroidsGive() {
        Clusters clusters = KMeans.train(vectors.values, 4_000, 32, 40, new KMeansOptions(15, 3, 0, 2));
        List<Double> objectives = clusters.objectives();
        assertThat(objectives).hasSize(15);
        for (int pass = 1; pass < 15; pass++) {
            assertThat(objectives.get(pass)).isGreaterThanOrEqualTo(objectives.get(pass - 1) - 1e-7);
        }
        // The vectors are in the lists of the centroids before the last step: one more assignment can only gain.
        double exact = objective(clusters.centroids(), 40);
        assertThat(exact).isBetween(clusters.objective() - 1e-7, clusters.objective() + 0.005);
        float[] random = Arrays.copyOf(vectors.values, 40 * 32);
        assertThat(exact).isGreaterThan(objective(random, 40) + 0.03);
    }

    @Test
    void itEndsWhenAPassGainsTooLittle() {
        Clusters all = KMeans.train(vectors.values, 4_000, 32, 40, new KMeansOptions(40, 3, 0, 2));
        Clusters early = KMeans.train(vectors.values, 4_000, 32, 40, new KMeansOptions(40, 3, 1e-3, 2));
        assertThat(all.iterations()).isEqualTo(40);
        assertThat(early.iterations()).isBetween(3, 39);
        List<Double> objectives = early.objectives();
        assertThat(objectives).isEqualTo(all.objectives().subList(0, early.iterations()));
        double last = objectives.get(early.iterations() - 1);
        assertThat(last - objectives.get(early.iterations() - 2)).isLessThan(1e-3 * last);
    }

    @Test
    void emptyListsAreRepaired() {
        // Nine of ten vectors are the same one, and so are most of the first centroids, of which all but one get
        // nothing.
        float[] values = vectors.values.clone();
        for (int i = 0; i < 4_000; i++) {
            if (i % 10 != 0) {
                System.arraycopy(vectors.values, 0, values, i * 32, 32);
            }
        }
        Clusters clusters = KMeans.train(values, 4_000, 32, 100, new KMeansOptions(12, 1, 0, 2));
        assertThat(clusters.repaired()).isGreaterThan(50);
        long used = lists(clusters.centroids(), values, 100).distinct().count();
        assertThat(used).isEqualTo(100);
    }

    @Test
    void fewerDifferentVectorsThanCentroidsAreEachMetExactly() {
        float[] values = new float[200 * 32];
        for (int i = 0; i < 200; i++) {
            System.arraycopy(vectors.values, i % 5 * 32, values, i * 32, 32);
        }
        Clusters clusters = KMeans.train(values, 200, 32, 20, new KMeansOptions(10, 1, 0, 2));
        assertThat(clusters.objective()).isCloseTo(1.0, within(1e-6));
        for (int c = 0; c < 20; c++) {
            assertThat(product(clusters.centroids(), c, clusters.centroids(), c, 32))
                    .isCloseTo(1.0, within(1e-6));
        }
    }

    @Test
    void asManyCentroidsAsVectorsAreTheVectors() {
        Clusters clusters = KMeans.train(vectors.values, 300, 32, 300, new KMeansOptions(5, 1, 0, 2));
        assertThat(clusters.objective()).isCloseTo(1.0, within(1e-6));
        assertThat(clusters.imbalance()).isCloseTo(1.0, within(1e-9));
        assertThat(clusters.repaired()).isZero();
    }

    @Test
    void oneCentroidIsTheMeanDirection() {
        double[] sum = new double[32];
        for (int i = 0; i < 4_000; i++) {
            for (int j = 0; j < 32; j++) {
                sum[j] += vectors.values[i * 32 + j];
            }
        }
        double length = Math.sqrt(Arrays.stream(sum).map(x -> x * x).sum());
        Clusters clusters = KMeans.train(vectors.values, 4_000, 32, 1, new KMeansOptions(3, 1, 0, 2));
        for (int j = 0; j < 32; j++) {
            assertThat((double) clusters.centroids()[j]).isCloseTo(sum[j] / length, within(1e-6));
        }
        assertThat(clusters.objective()).isCloseTo(length / 4_000, within(1e-9));
    }

    @Test
    void imbalanceIsOneForEqualListsAndMoreForOthers() {
        float[] values = new float[100 * 2];
        for (int i = 0; i < 100; i++) {
            values[2 * i + (i < 90 ? 0 : 1)] = 1;
        }
        Clusters clusters = KMeans.train(values, 100, 2, 2, new KMeansOptions(10, 1, 0, 1));
        assertThat(clusters.imbalance()).isCloseTo(2 * (90.0 * 90 + 10 * 10) / (100.0 * 100), within(1e-9));
    }

    @Test
    void everyInstructionSetTrainsAsWell() {
        String best = FaissCalls.instructionSet();
        try {
            Clusters reference = train(5);
            for (String instructions : NearestCentroidsTest.instructionSets()) {
                FaissCalls.useInstructionSet(instructions);
                assertThat(train(5).objective()).as(instructions).isCloseTo(reference.objective(), within(1e-3));
            }
        } finally {
            FaissCalls.useInstructionSet(best);
        }
    }

    @Test
    void impossibleRequestsAreRefused() {
        assertThatThrownBy(() -> KMeans.train(vectors.values, 10, 32, 11, KMeansOptions.seeded(1)))
                .hasMessageContaining("11 centroids");
        assertThatThrownBy(() -> KMeans.train(vectors.values, 4_001, 32, 4, KMeansOptions.seeded(1)))
                .hasMessageContaining("vectors has");
        assertThatThrownBy(() -> new KMeansOptions(0, 1, 0, 1)).isInstanceOf(ImageSearchException.class);
        assertThatThrownBy(() -> new KMeansOptions(1, 1, 0, 0)).isInstanceOf(ImageSearchException.class);
        assertThatThrownBy(() -> new KMeansOptions(1, 1, Double.NaN, 1)).isInstanceOf(ImageSearchException.class);
    }

    @Test
    void vectorsWithoutDirectionAreADataError() {
        for (float[] broken :
                new float[][] {{Float.NaN}, {Float.POSITIVE_INFINITY}, {Float.NEGATIVE_INFINITY}, new float[32]}) {
            float[] values = vectors.values.clone();
            System.arraycopy(broken, 0, values, 2_500 * 32, broken.length);
            assertThatThrownBy(() -> KMeans.train(values, 4_000, 32, 4, KMeansOptions.seeded(1)))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining("vector 2500 of 4000");
        }
    }

    private Clusters train(int seed) {
        return KMeans.train(vectors.values, vectors.count, 32, 16, new KMeansOptions(10, seed, 0, 2));
    }

    /** Mean inner product of each vector with its best centroid, by brute force in double. */
    private double objective(float[] centroids, int k) {
        double sum = 0;
        for (int i = 0; i < vectors.count; i++) {
            double best = -1;
            for (int c = 0; c < k; c++) {
                best = Math.max(best, product(vectors.values, i, centroids, c, 32));
            }
            sum += best;
        }
        return sum / vectors.count;
    }

    private static IntStream lists(float[] centroids, float[] values, int k) {
        return IntStream.range(0, values.length / 32).map(i -> {
            int best = 0;
            for (int c = 1; c < k; c++) {
                best = product(values, i, centroids, c, 32) > product(values, i, centroids, best, 32) ? c : best;
            }
            return best;
        });
    }

    private static double product(float[] a, int i, float[] b, int j, int dimension) {
        double sum = 0;
        for (int at = 0; at < dimension; at++) {
            sum += (double) a[i * dimension + at] * b[j * dimension + at];
        }
        return sum;
    }

    private static void normalise(float[] values, int dimension) {
        for (int i = 0; i < values.length / dimension; i++) {
            double length = Math.sqrt(product(values, i, values, i, dimension));
            for (int j = 0; j < dimension; j++) {
                values[i * dimension + j] /= (float) length;
            }
        }
    }
}
