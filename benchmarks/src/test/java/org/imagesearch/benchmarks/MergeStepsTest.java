package org.imagesearch.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;

class MergeStepsTest {
    @Test
    void aStepLastsFromTheLineBeforeToItsOwn() {
        MergeSteps steps = MergeSteps.of(List.of(
                "[   2.4 s] dataset file:/v: 100,000 pictures, 512 dimensions, model clip-like-vectors",
                "[   8.0 s] read and checked 100,000 embeddings, drew 100,000",
                "[  23.5 s] trained 1,024 centroids on 99,000 pictures",
                "[  40.0 s] wrote 100,000 pictures to 1 shards",
                "[  46.9 s] recall@10 of 1000 pictures and 1000 captions:",
                "         1    0.13%    0.5150    0.2773",
                "[  47.0 s] completed gen-000001",
                "[  47.1 s] published gen-000001 in /i"));
        assertThat(steps.read()).isCloseTo(5.6, within(1e-9));
        assertThat(steps.measure()).isCloseTo(6.9, within(1e-9));
        assertThat(steps.train()).isCloseTo(15.5, within(1e-9));
        assertThat(steps.write()).isCloseTo(16.5, within(1e-9));
        assertThat(steps.whole()).isCloseTo(47.1, within(1e-9));
    }

    @Test
    void linesWithoutTheStepsAreRefused() {
        assertThatThrownBy(() -> MergeSteps.of(List.of("[   2.4 s] dataset", "gone")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("bin/merge");
    }
}
