package org.imagesearch.server.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BestHitsTest {
    @Test
    void theBestOfAllScansAreKeptWithTheLowerIdAmongEqualOnes() {
        Random random = new Random(1);
        for (int k : new int[] {1, 3, 10, 200}) {
            BestHits best = new BestHits(k, Double.NEGATIVE_INFINITY);
            List<Found> all = new ArrayList<>();
            for (int scan = 0; scan < 20; scan++) {
                List<Found> found = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    // Few different scores, so that many are equal.
                    found.add(new Found(0, random.nextInt(1000), random.nextInt(12) / 10f));
                }
                found.sort(Found.BEST_FIRST);
                all.addAll(found);
                long[] ids = new long[10];
                float[] scores = new float[10];
                for (int i = 0; i < 10; i++) {
                    ids[i] = i < 8 ? found.get(i).id() : -1;
                    scores[i] = i < 8 ? found.get(i).score() : Float.NEGATIVE_INFINITY;
                }
                best.add(0, ids, scores);
                all.sort(Found.BEST_FIRST);
                List<Found> expected = all.subList(0, Math.min(k, all.size()));
                assertThat(best.sorted()).isEqualTo(expected);
                assertThat(best.bound())
                        .isEqualTo(
                                all.size() < k
                                        ? Float.NEGATIVE_INFINITY
                                        : expected.get(k - 1).score());
            }
        }
    }

    @Test
    void theBoundIsNeverAboveTheLeastScoreThatIsWanted() {
        for (double least : new double[] {0.1, 0.2, 0.3, 1.0 / 3, -0.7}) {
            float bound = new BestHits(5, least).bound();
            assertThat((double) bound).isLessThanOrEqualTo(least);
            assertThat((double) Math.nextUp(bound)).isGreaterThanOrEqualTo(least);
        }
        BestHits best = new BestHits(1, 0.5);
        best.add(0, new long[] {1}, new float[] {0.4f});
        assertThat(best.sorted()).isEmpty();
        best.add(0, new long[] {2}, new float[] {0.5f});
        assertThat(best.sorted()).hasSize(1);
    }
}
