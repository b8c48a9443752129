package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.assertj.core.data.Percentage;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;
import org.imagesearch.core.index.Growth;
import org.imagesearch.core.index.RecallPoint;
import org.junit.jupiter.api.Test;

class CostModelTest {
    private static final int CORES = 4;
    private static final int ITERATIONS = 10;

    /** An index whose costs follow the forms of the model exactly. */
    private static Growth.Point point(long pictures, int nlist) {
        int training = nlist * 100;
        double share = share(pictures, nlist);
        int nprobe = 8;
        return new Growth.Point(
                pictures,
                nlist,
                training,
                ITERATIONS,
                2e-6 * pictures / CORES,
                1.0 * training * ITERATIONS * (1e-8 + 2e-11 * nlist) / CORES,
                pictures * (3e-6 + 1e-9 * nlist) / CORES,
                4e-6 * pictures / CORES,
                60 * pictures,
                List.of(
                        new RecallPoint(1, share / 10, 0.5, Optional.of(0.4)),
                        new RecallPoint(nprobe, share, 0.97, Optional.of(0.95)),
                        new RecallPoint(nlist, 1, 1, Optional.of(1.0))),
                nprobe,
                2e-5 + 1e-8 * nlist + 4e-8 * share * pictures);
    }

    private static double share(long pictures, int nlist) {
        return 0.5 * Math.pow((double) pictures, -0.2) * Math.pow(nlist, -0.1);
    }

    private static Growth growth(Growth.Point... points) {
        return new Growth("a machine", CORES, 512, List.of(points));
    }

    private static final CostModel MODEL = CostModel.fittedTo(
            growth(point(100_000, 1024), point(300_000, 2048), point(1_000_000, 4096), point(1_000_000, 8192)));

    @Test
    void predictsWhatFollowsItsFormsFarBeyondWhatWasMeasured() {
        long pictures = 1_000_000_000;
        int nlist = 65_536;
        CostModel.Build build = MODEL.build(pictures, 512, nlist, 6_000_000, ITERATIONS);
        assertThat(build.read()).isCloseTo(2e-6 * pictures, Percentage.withPercentage(0.1));
        assertThat(build.train())
                .isCloseTo(6_000_000.0 * ITERATIONS * (1e-8 + 2e-11 * nlist), Percentage.withPercentage(0.1));
        assertThat(build.write()).isCloseTo(pictures * (3e-6 + 1e-9 * nlist), Percentage.withPercentage(0.1));
        assertThat(build.measure()).isCloseTo(4e-6 * pictures, Percentage.withPercentage(0.1));
        assertThat(build.total()).isEqualTo(build.read() + build.train() + build.write() + build.measure());
        assertThat(MODEL.scannedShare(pictures, nlist, 0.95))
                .isCloseTo(share(pictures, nlist), Percentage.withPercentage(0.1));
        assertThat(MODEL.querySeconds(512, nlist, 1e6))
                .isCloseTo(2e-5 + 1e-8 * nlist + 4e-8 * 1e6, Percentage.withPercentage(0.1));
        assertThat(MODEL.worstError()).isLessThan(1e-6);
        assertThat(MODEL.rowBytes()).isEqualTo(60);
    }

    @Test
    void costsGrowWithTheDimension() {
        assertThat(MODEL.build(1_000_000, 1024, 4096, 400_000, 10).total())
                .isCloseTo(2 * MODEL.build(1_000_000, 512, 4096, 400_000, 10).total(), within(1e-9));
        assertThat(MODEL.querySeconds(256, 4096, 1e5)).isCloseTo(MODEL.querySeconds(512, 4096, 1e5) / 2, within(1e-12));
    }

    @Test
    void noCostIsNegativeEvenIfAStraightLineWouldMakeIt() {
        // Twice the lists, four times the time per picture: a line through both is negative at small nlist.
        Growth.Point small = point(100_000, 1024);
        Growth.Point large = point(100_000, 2048);
        Growth steep = growth(withWriting(small, 1), withWriting(large, 4));
        CostModel model = CostModel.fittedTo(steep);
        assertThat(model.build(100_000, 512, 1, 1000, 10).write()).isPositive();
        assertThat(model.worstError()).isGreaterThan(0.1);
    }

    private static Growth.Point withWriting(Growth.Point point, double seconds) {
        return new Growth.Point(
                point.pictures(),
                point.nlist(),
                point.trainingVectors(),
                point.iterations(),
                point.readSeconds(),
                point.trainSeconds(),
                seconds,
                point.measureSeconds(),
                point.rowBytes(),
                point.recall(),
                point.nprobe(),
                point.querySeconds());
    }

    @Test
    void twoSizesThatGrewTogetherAreEnoughForTheShare() {
        CostModel model = CostModel.fittedTo(growth(point(100_000, 1024), point(1_600_000, 4096)));
        // Along the line on which both grew, the law is known.
        assertThat(model.scannedShare(400_000, 2048, 0.95))
                .isCloseTo(Math.sqrt(share(100_000, 1024) * share(1_600_000, 4096)), Percentage.withPercentage(0.1));
    }

    @Test
    void aRecallBetweenTwoPointsOfTheCurveLiesBetweenTheirShares() {
        Growth.Point point = point(100_000, 1024);
        double share = share(100_000, 1024);
        assertThat(point.shareFor(0.4)).isEqualTo(share / 10);
        assertThat(point.shareFor(0.95)).isEqualTo(share);
        assertThat(point.shareFor(0.675)).isCloseTo(0.55 * share, within(1e-9));
        assertThat(point.shareFor(0.999)).isBetween(share, 1.0);
        assertThat(point.shareFor(1)).isEqualTo(1);
        assertThat(point.scannedVectors()).isCloseTo(share * 100_000, within(1e-6));
    }

    @Test
    void aRecallThatNothingReachedIsRefused() {
        assertThatThrownBy(() -> MODEL.scannedShare(1_000_000, 4096, 1))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining("recall 1.0");
    }

    @Test
    void growthIsReadAsItIsWritten() {
        Growth growth = growth(point(100_000, 1024), point(300_000, 2048));
        assertThat(Growth.fromJson(Json.write(growth), "it")).isEqualTo(growth);
        assertThatThrownBy(() -> growth(point(100_000, 1024))).hasMessageContaining("fewer than 2 points");
        assertThatThrownBy(
                        () -> Growth.fromJson("{\"cores\":0}".getBytes(java.nio.charset.StandardCharsets.UTF_8), "x"))
                .isInstanceOf(ImageSearchException.class);
    }

    @Test
    void whatComesWithTheProgramIsDescribedWell() {
        Growth measured = CostModel.measured();
        assertThat(measured.points()).hasSizeGreaterThan(2);
        assertThat(CostModel.fittedTo(measured).worstError()).isLessThan(0.5);
        assertThat(Stream.of(0.8, 0.9, 0.95, 0.98)
                        .map(recall -> CostModel.fittedTo(measured).scannedShare(10_000_000, 8192, recall)))
                .isSorted();
    }
}
