package org.imagesearch.server.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class TokenBucketsTest {
    private final AtomicLong clock = new AtomicLong(-12345);

    @Test
    void aBurstIsLetInThenOneForEveryTokenThatComes() {
        TokenBuckets buckets = new TokenBuckets(2, 3, 100, clock::get);

        for (int i = 0; i < 3; i++) {
            assertThat(buckets.take("a")).isEmpty();
        }
        assertThat(buckets.take("a")).hasValue(Duration.ofMillis(500));
        pass(Duration.ofMillis(200));
        assertThat(buckets.take("a")).hasValue(Duration.ofMillis(300));
        pass(Duration.ofMillis(300));
        assertThat(buckets.take("a")).isEmpty();
        assertThat(buckets.take("a")).isPresent();
    }

    @Test
    void overALongTimeItIsTheRateAndNoMore() {
        TokenBuckets buckets = new TokenBuckets(10, 5, 100, clock::get);
        int letIn = 0;
        for (int i = 0; i < 10_000; i++) {
            letIn += buckets.take("a").isEmpty() ? 1 : 0;
            pass(Duration.ofMillis(1));
        }

        assertThat(letIn).isBetween(104, 105);
    }

    @Test
    void aPauseBringsABurstAndNoMore() {
        TokenBuckets buckets = new TokenBuckets(10, 5, 100, clock::get);
        buckets.take("a");
        pass(Duration.ofHours(1));

        for (int i = 0; i < 5; i++) {
            assertThat(buckets.take("a")).isEmpty();
        }
        assertThat(buckets.take("a")).isPresent();
    }

    @Test
    void eachCallerHasABucketOfItsOwn() {
        TokenBuckets buckets = new TokenBuckets(1, 1, 100, clock::get);

        assertThat(buckets.take("a")).isEmpty();
        assertThat(buckets.take("b")).isEmpty();
        assertThat(buckets.take("a")).isPresent();
    }

    @Test
    void noMoreCallersAreRememberedThanSaid() {
        TokenBuckets buckets = new TokenBuckets(1, 1, 50, clock::get);
        for (int i = 0; i < 10_000; i++) {
            buckets.take("caller " + i);
        }

        assertThat(buckets.callers()).isLessThanOrEqualTo(50);
    }

    @Test
    void withoutARateEverybodyIsLetIn() {
        TokenBuckets buckets = new TokenBuckets(0, 1, 1, clock::get);
        for (int i = 0; i < 1000; i++) {
            assertThat(buckets.take("a")).isEmpty();
        }
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
    }
}
