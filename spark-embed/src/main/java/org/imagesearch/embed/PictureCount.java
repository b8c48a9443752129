package org.imagesearch.embed;

import java.io.Serializable;
import org.apache.spark.util.AccumulatorV2;

/** Counts the pictures that have an outcome, and when the first and the last one got it, by the clocks of their executors. */
final class PictureCount extends AccumulatorV2<Long, PictureCount.Value> {
    private static final long serialVersionUID = 1L;
    private static final Value NONE = new Value(0, Long.MAX_VALUE, Long.MIN_VALUE);

    private volatile Value value = NONE;

    /**
     * What was counted.
     *
     * @param pictures with an outcome
     * @param firstMillis since 1970
     * @param lastMillis since 1970
     */
    record Value(long pictures, long firstMillis, long lastMillis) implements Serializable {
        private Value and(Value other) {
            return new Value(
                    pictures + other.pictures,
                    Math.min(firstMillis, other.firstMillis),
                    Math.max(lastMillis, other.lastMillis));
        }

        /** Between the first and the last; 0 for fewer than two. */
        double seconds() {
            return pictures < 2 ? 0 : (lastMillis - firstMillis) / 1e3;
        }
    }

    /** @param millis since 1970 */
    @Override
    public void add(Long millis) {
        value = value.and(new Value(1, millis, millis));
    }

    @Override
    public void merge(AccumulatorV2<Long, Value> other) {
        value = value.and(other.value());
    }

    @Override
    public Value value() {
        return value;
    }

    @Override
    public boolean isZero() {
        return value.pictures == 0;
    }

    @Override
    public AccumulatorV2<Long, Value> copy() {
        PictureCount copy = new PictureCount();
        copy.value = value;
        return copy;
    }

    @Override
    public void reset() {
        value = NONE;
    }
}
