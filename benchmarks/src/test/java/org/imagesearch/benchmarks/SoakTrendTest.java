package org.imagesearch.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.imagesearch.benchmarks.SoakTrend.Sample;
import org.junit.jupiter.api.Test;

class SoakTrendTest {
    /** A sample every ten seconds. */
    private static List<Sample> samples(IntToDoubleFunction value) {
        return IntStream.range(0, 100)
                .mapToObj(i -> new Sample(10 * i, value.applyAsDouble(i)))
                .toList();
    }

    @Test
    void aLeakIsFoundWithItsSlope() {
        SoakTrend trend = SoakTrend.of(samples(i -> 100 + i));

        assertThat(trend.slopePerHour()).isCloseTo(360, within(1e-6));
        assertThat(trend.last()).isGreaterThan(trend.first());
        assertThat(trend.isFlat(16)).isFalse();
    }

    @Test
    void aSawtoothAndAWarmUpAreFlat() {
        SoakTrend trend = SoakTrend.of(samples(i -> i < 8 ? 20 : 100 + i % 5));

        assertThat(trend.slopePerHour()).isCloseTo(0, within(5.0));
        assertThat(trend.isFlat(0)).isTrue();
    }

    @Test
    void aLittleOfASmallQuantityIsNoise() {
        SoakTrend trend = SoakTrend.of(samples(i -> i < 50 ? 10 : 13));

        assertThat(trend.isFlat(6)).isTrue();
        assertThat(trend.isFlat(1)).isFalse();
    }
}
