package org.imagesearch.server.query;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DeadlineTest {
    @ParameterizedTest
    @ValueSource(longs = {0, -5, Long.MAX_VALUE - 1000, Long.MIN_VALUE})
    void itPassesWhenItsTimeIsOverWhereverTheClockStands(long start) {
        AtomicLong clock = new AtomicLong(start);
        Deadline deadline = Deadline.in(Duration.ofNanos(2000), clock::get);

        assertThat(deadline.remainingNanos()).isEqualTo(2000);
        clock.addAndGet(1999);
        assertThat(deadline.remainingNanos()).isEqualTo(1);
        assertThat(deadline.hasPassed()).isFalse();
        assertThatCode(() -> deadline.requireTimeFor("searching")).doesNotThrowAnyException();

        clock.addAndGet(1);
        assertThat(deadline.hasPassed()).isTrue();
        clock.addAndGet(1_000_000);
        assertThat(deadline.remainingNanos()).isZero();
        assertThatThrownBy(() -> deadline.requireTimeFor("searching"))
                .isInstanceOfSatisfying(
                        RequestException.class, e -> assertThat(e.problem()).isEqualTo(Problem.DEADLINE_EXCEEDED))
                .hasMessage("no time was left for searching");
    }
}
