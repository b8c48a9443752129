package org.imagesearch.server.access;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How often each caller may ask: a bucket of tokens each, of which a request takes one and which fills steadily. A caller that was
 * forgotten, because there are too many or because its bucket was full again, begins with a full one.
 */
public final class TokenBuckets {
    private static final double NANOS = 1e9;

    /** A bucket that takes longer to fill is forgotten, full or not: after a year. */
    private static final double LONGEST_NANOS = 365 * 86_400 * NANOS;

    private final double rate;
    private final int burst;
    private final LongSupplier nanoTime;
    private final Cache<String, Bucket> buckets;

    /**
     * @param rate tokens per second; 0 lets everybody in
     * @param burst tokens that a bucket holds
     * @param callers remembered at most
     * @param nanoTime the clock, as {@link System#nanoTime}
     */
    public TokenBuckets(double rate, int burst, int callers, LongSupplier nanoTime) {
        this.rate = rate;
        this.burst = burst;
        this.nanoTime = nanoTime;
        this.buckets = Caffeine.newBuilder()
                .maximumSize(callers)
                .expireAfterAccess(rate == 0 ? Duration.ofSeconds(1) : timeToFill())
                .ticker(nanoTime::getAsLong)
                .executor(Runnable::run)
                .build();
    }

    private Duration timeToFill() {
        return Duration.ofNanos((long) Math.min(NANOS * burst / rate, LONGEST_NANOS))
                .plusMillis(1);
    }

    /** Takes a token of a caller; else says how long it takes until there is one. */
    public Optional<Duration> take(String caller) {
        if (rate == 0) {
            return Optional.empty();
        }
        long now = nanoTime.getAsLong();
        return buckets.get(caller, unseen -> new Bucket(burst, now)).take(now);
    }

    /** Callers remembered, roughly. */
    long callers() {
        buckets.cleanUp();
        return buckets.estimatedSize();
    }

    private final class Bucket {
        private double tokens;
        private long filledAt;

        Bucket(double tokens, long now) {
            this.tokens = tokens;
            this.filledAt = now;
        }

        synchronized Optional<Duration> take(long now) {
            tokens = Math.min(burst, tokens + Math.max(0, now - filledAt) / NANOS * rate);
            filledAt = now;
            if (tokens >= 1) {
                tokens--;
                return Optional.empty();
            }
            return Optional.of(Duration.ofNanos((long) Math.ceil((1 - tokens) / rate * NANOS)));
        }
    }
}
