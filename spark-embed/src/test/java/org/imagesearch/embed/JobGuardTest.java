package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JobGuardTest {
    private static final CountDownLatch RUNNING = new CountDownLatch(1);

    private final JavaSparkContext spark =
            JavaSparkContext.fromSparkContext(LocalSpark.session().sparkContext());
    private final ImageSearchException objection = ImageSearchException.data("enough");

    @Test
    void jobsAreEndedAsSoonAsThereIsAnObjection() {
        try (JobGuard guard = new JobGuard(
                spark.sc(), "ended", () -> RUNNING.getCount() == 0 ? Optional.of(objection) : Optional.empty())) {
            assertThatThrownBy(() ->
                            guard.run(() -> spark.parallelize(List.of(1), 1).foreach(number -> {
                                RUNNING.countDown();
                                untilKilled();
                            })))
                    .isSameAs(objection);
        }
        // Later jobs of this thread are none of the guard's.
        assertThat(spark.parallelize(List.of(1, 2), 2).count()).isEqualTo(2);
    }

    private static void untilKilled() {
        while (!TaskContext.get().isInterrupted()) {
            Thread.onSpinWait();
        }
    }

    @Test
    void objectionAtTheEndCountsAsWell() {
        AtomicBoolean ended = new AtomicBoolean();
        try (JobGuard guard =
                new JobGuard(spark.sc(), "late", () -> ended.get() ? Optional.of(objection) : Optional.empty())) {
            assertThatThrownBy(() -> guard.run(() -> ended.set(true))).isSameAs(objection);
        }
    }

    @Test
    void otherErrorsStayWhatTheyAre() {
        IllegalStateException other = new IllegalStateException("other");
        try (JobGuard guard = new JobGuard(spark.sc(), "other", Optional::empty)) {
            assertThatThrownBy(() -> guard.run(() -> {
                        throw other;
                    }))
                    .isSameAs(other);
        }
    }
}
