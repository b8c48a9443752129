package org.imagesearch.core.calibration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScoreDistributionTest {
    @Test
    void percentilesWithinTheSampleAreCounted() {
        float[] scores = new float[1000];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (i * 7 % 1000) / 1000f;
        }
        ScoreDistribution distribution = new ScoreDistribution(scores);

        assertThat(distribution.percentile(-1)).isZero();
        for (int i : new int[] {0, 1, 100, 500, 949}) {
            assertThat(distribution.percentile(i / 1000f)).isCloseTo((i + 0.5) / 1000, within(1e-9));
        }
        assertThat(distribution.mean()).isCloseTo(0.4995, within(1e-6));
        assertThat(distribution.deviation()).isCloseTo(Math.sqrt(1.0 / 12), within(1e-3));
    }

    @Test
    void equalScoresCountHalf() {
        ScoreDistribution distribution = new ScoreDistribution(new float[] {0, 0, 0, 0, 1, 1, 1, 1, 2, 3});

        assertThat(distribution.percentile(0)).isCloseTo(0.2, within(1e-9));
    }

    /** The oracle is the formula of an exponential distribution, far beyond what the sample has. */
    @Test
    void beyondTheSampleAnExponentialTailIsFollowed() {
        Random random = new Random(3);
        float[] scores = new float[4096];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (float) (-0.03 * Math.log(1 - random.nextDouble()));
        }
        ScoreDistribution distribution = new ScoreDistribution(scores);

        for (double tail : new double[] {1e-3, 1e-4, 1e-5, 1e-6}) {
            double told = 1 - distribution.percentile(-0.03 * Math.log(tail));
            assertThat(Math.log10(told)).isCloseTo(Math.log10(tail), within(0.6));
        }
    }

    @Test
    void aHigherScoreAlwaysHasAHigherPercentileAndNoneHasAll() {
        Random random = new Random(4);
        float[] scores = new float[2000];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (float) (0.2 + 0.03 * random.nextGaussian());
        }
        ScoreDistribution distribution = new ScoreDistribution(scores);

        double before = -1;
        for (double score = 0.25; score <= 0.42; score += 0.0007) {
            double percentile = distribution.percentile(score);
            assertThat(percentile).isGreaterThanOrEqualTo(before).isLessThan(1);
            before = percentile;
        }
        assertThat(distribution.percentile(0.4)).isGreaterThan(distribution.percentile(0.39));
    }

    @Test
    void theScoreOfAPercentileIsTheLeastThatHasIt() {
        Random random = new Random(5);
        float[] scores = new float[3000];
        for (int i = 0; i < scores.length; i++) {
            scores[i] = (float) random.nextGaussian();
        }
        float[] sorted = scores.clone();
        Arrays.sort(sorted);
        ScoreDistribution distribution = new ScoreDistribution(scores);

        for (double percentile : new double[] {0.001, 0.1, 0.5, 0.9, 0.949, 0.95, 0.9501, 0.99, 0.9999, 0.9999999}) {
            double score = distribution.scoreAt(percentile);
            assertThat(distribution.percentile(score)).isGreaterThanOrEqualTo(percentile - 1e-12);
            assertThat(distribution.percentile(score - 0.01)).isLessThan(percentile);
        }
        assertThat(distribution.scoreAt(0)).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    @Test
    void standingsAreCountedInDeviationsAndNothingDividesByZero() {
        ScoreDistribution distribution = new ScoreDistribution(new float[] {1, 2, 3, 4});
        assertThat(distribution.standing(2.5)).isZero();
        assertThat(distribution.scoreOf(distribution.standing(3.7))).isCloseTo(3.7, within(1e-9));

        ScoreDistribution flat = new ScoreDistribution(new float[] {0.5f, 0.5f, 0.5f});
        assertThat(flat.standing(0.5)).isZero();
        assertThat(flat.percentile(0.6)).isBetween(0.0, 1.0);
        assertThat(new ScoreDistribution(new float[] {0.5f}).percentile(0.6)).isBetween(0.0, 1.0);
    }
}
