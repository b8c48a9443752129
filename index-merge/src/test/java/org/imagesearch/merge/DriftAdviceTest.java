package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Optional;
import org.imagesearch.core.index.Drift;
import org.junit.jupiter.api.Test;

class DriftAdviceTest {
    private static final int NLIST = 4;

    @Test
    void picturesThatFitAsWellAreNoDrift() {
        Drift drift = DriftAdvice.of(Optional.empty(), fit(0.9, 10, 10, 10, 10), fit(0.89, 2, 2, 2, 2));
        assertThat(drift.retrain()).isFalse();
        assertThat(drift.trainedFit()).isCloseTo(0.9, within(1e-6));
        assertThat(drift.addedFit()).isCloseTo(0.89, within(1e-6));
        assertThat(drift.addedPictures()).isEqualTo(8);
        assertThat(drift.imbalance()).isCloseTo(1, within(1e-9));
        assertThat(DriftAdvice.text(drift))
                .startsWith("new pictures fit the centroids: ")
                .doesNotContain("retrain");
    }

    @Test
    void aMisfitThatGrewByAThirdIsADrift() {
        CentroidFit trained = fit(0.9, 10, 10, 10, 10);
        assertThat(DriftAdvice.of(Optional.empty(), trained, fit(0.871, 2, 2, 2, 2))
                        .retrain())
                .isFalse();
        Drift drift = DriftAdvice.of(Optional.empty(), trained, fit(0.869, 2, 2, 2, 2));
        assertThat(drift.retrain()).isTrue();
        assertThat(DriftAdvice.text(drift))
                .startsWith("new pictures fit the centroids less well: ")
                .contains("0.8690")
                .contains("0.9000")
                .contains("x1.31")
                .endsWith("; retrain with bin/merge without --add");
    }

    @Test
    void picturesThatCrowdIntoOneListAreADriftHoweverWellTheyFit() {
        Drift drift = DriftAdvice.of(Optional.empty(), fit(0.9, 10, 10, 10, 10), fit(0.95, 40, 0, 0, 0));
        // 4 * (50^2 + 3 * 10^2) / 80^2
        assertThat(drift.imbalance()).isCloseTo(1.75, within(1e-9));
        assertThat(drift.retrain()).isTrue();
        assertThat(DriftAdvice.text(drift)).startsWith("new pictures crowd into few lists: ");
    }

    @Test
    void bothKindsOfDriftAreTold() {
        Drift drift = DriftAdvice.of(Optional.empty(), fit(0.9, 10, 10, 10, 10), fit(0.5, 40, 0, 0, 0));
        assertThat(DriftAdvice.text(drift))
                .startsWith("new pictures fit the centroids less well and crowd into few lists: ");
    }

    @Test
    void manySmallStepsAddUp() {
        Optional<Drift> drift = Optional.empty();
        CentroidFit index = fit(0.9, 100, 100, 100, 100);
        boolean told = false;
        for (double fit = 0.89; fit > 0.835; fit -= 0.01) {
            CentroidFit added = fit(fit, 5, 5, 5, 5);
            drift = Optional.of(DriftAdvice.of(drift, index, added));
            index.merge(added);
            assertThat(drift.get().trainedFit()).isCloseTo(0.9, within(1e-6));
            told = drift.get().retrain();
        }
        assertThat(told).isTrue();
    }

    /** Pictures whose inner product with their centroid is {@code mean}, so many in each list. */
    private static CentroidFit fit(double mean, int... sizes) {
        CentroidFit fit = new CentroidFit(NLIST);
        float[] centroids = {1, 1, 1, 1};
        for (int list = 0; list < sizes.length; list++) {
            for (int i = 0; i < sizes[list]; i++) {
                fit.add(list, new float[] {(float) mean}, 0, centroids, 1);
            }
        }
        return fit;
    }
}
