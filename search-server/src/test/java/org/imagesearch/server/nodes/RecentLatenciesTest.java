package org.imagesearch.server.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RecentLatenciesTest {
    private final RecentLatencies latencies = new RecentLatencies();

    @Test
    void fewAnswersTellNothing() {
        for (int i = 0; i < 19; i++) {
            latencies.add(8, 1000);
        }
        assertThat(latencies.p95(8)).isEmpty();
        latencies.add(8, 1000);
        assertThat(latencies.p95(8)).hasValue(1000);
    }

    @Test
    void ninetyFiveOfAHundredTakeAtMostThat() {
        for (int i = 1; i <= 160; i++) {
            latencies.add(8, i);
        }
        assertThat(latencies.p95(8)).hasValue(152);
    }

    @Test
    void questionsOfOtherSizesAreNotCompared() {
        for (int i = 0; i < 100; i++) {
            latencies.add(8 + i % 8, 1000);
            latencies.add(1024, 90_000);
        }
        assertThat(latencies.p95(15)).hasValue(1000);
        assertThat(latencies.p95(2000)).hasValue(90_000);
        assertThat(latencies.p95(16)).isEmpty();
        assertThat(latencies.p95(1)).isEmpty();
    }

    @Test
    void oldAnswersAreForgotten() {
        for (int i = 0; i < 256; i++) {
            latencies.add(1, 50_000);
        }
        for (int i = 0; i < 256; i++) {
            latencies.add(1, 10);
        }
        assertThat(latencies.p95(1)).hasValue(10);
    }
}
