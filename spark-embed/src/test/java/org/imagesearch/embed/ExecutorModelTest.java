package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.apache.spark.resource.ResourceInformation;
import org.junit.jupiter.api.Test;

class ExecutorModelTest {
    @Test
    void modelRunsOnTheGpuThatSparkGaveToTheExecutor() {
        assertThat(device("3", "5")).isEqualTo(3);
    }

    @Test
    void modelRunsOnTheFirstGpuWhereSparkCountsNone() {
        assertThat(ExecutorModel.device(Map.of())).isZero();
        assertThat(device()).isZero();
        assertThat(device("GPU-5ffa2c5e")).isZero();
    }

    private static int device(String... addresses) {
        return ExecutorModel.device(Map.of("gpu", new ResourceInformation("gpu", addresses)));
    }
}
