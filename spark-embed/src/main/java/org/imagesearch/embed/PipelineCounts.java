package org.imagesearch.embed;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;

/** What pipelines did so far, tasks that were tried again included. Only grows. Thread-safe. */
final class PipelineCounts {
    /** Those of all pipelines of this process, which is an executor. */
    static final PipelineCounts OF_THIS_PROCESS = new PipelineCounts();

    /** What is counted; times in nanoseconds. */
    enum Count {
        PICTURES_EMBEDDED,
        PICTURES_FAILED_READ,
        PICTURES_FAILED_DECODE,
        PICTURES_FAILED_ENCODE,
        /** Of the files of pictures. */
        BYTES_READ,
        /** All threads together, without waiting for their turn; so of every time. */
        READ_SECONDS,
        DECODE_SECONDS,
        /** Runs of the model. */
        ENCODE_SECONDS,
        MODEL_RUNS,
        MODEL_PICTURES,
        /** Pictures that these runs would have had, had each batch been full. */
        MODEL_PLACES;

        static Count ofFailures(Stage stage) {
            return switch (stage) {
                case READ -> PICTURES_FAILED_READ;
                case DECODE -> PICTURES_FAILED_DECODE;
                case ENCODE -> PICTURES_FAILED_ENCODE;
            };
        }

        /** Its name as a metric. */
        String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** What a metric tells of it. */
        Number told(long value) {
            return name().endsWith("_SECONDS") ? (Number) (value / (double) TimeUnit.SECONDS.toNanos(1)) : value;
        }
    }

    private final Map<Count, LongAdder> counts = new EnumMap<>(Count.class);

    PipelineCounts() {
        for (Count count : Count.values()) {
            counts.put(count, new LongAdder());
        }
    }

    void add(Count count, long value) {
        counts.get(count).add(value);
    }

    long value(Count count) {
        return counts.get(count).sum();
    }

    EnumMap<Count, Long> values() {
        EnumMap<Count, Long> values = new EnumMap<>(Count.class);
        counts.forEach((count, adder) -> values.put(count, adder.sum()));
        return values;
    }
}
