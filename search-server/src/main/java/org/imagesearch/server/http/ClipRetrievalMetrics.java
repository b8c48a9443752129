package org.imagesearch.server.http;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** The times that clip-retrieval's dashboard reads from {@code /metrics}, under its names. Thread-safe. */
final class ClipRetrievalMetrics {
    /** As the Python client library cuts them. */
    private static final double[] SECONDS = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};

    /** What takes time. Some of it a dashboard asks for, and this server never does. */
    enum Step {
        FULL_KNN_REQUEST_TIME("Time of a whole request for nearest pictures."),
        DOWNLOAD_TIME("Time of downloading pictures to search with: none are."),
        TEXT_CLIP_INFERENCE_TIME("Time from words to a vector."),
        IMAGE_CLIP_INFERENCE_TIME("Time from a picture's file to a vector."),
        METADATA_GET_TIME("Time of reading metadata."),
        KNN_INDEX_TIME("Time of searching the index."),
        DEDUP_TIME("Time of leaving out near duplicates."),
        SAFETY_TIME("Time of leaving out unsafe pictures: none are."),
        IMAGE_PREPRO_TIME("Time of preparing a picture: counted with image_clip_inference_time."),
        TEXT_PREPRO_TIME("Time of preparing words: counted with text_clip_inference_time.");

        private final String help;

        Step(String help) {
            this.help = help;
        }

        String title() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private record Times(Histogram histogram, LongAdder calls, DoubleAdder seconds) {}

    private final Map<Step, Times> times = new EnumMap<>(Step.class);

    ClipRetrievalMetrics(PrometheusRegistry registry) {
        for (Step step : Step.values()) {
            Histogram histogram = Histogram.builder()
                    .name(step.title())
                    .help(step.help)
                    .classicOnly()
                    .classicUpperBounds(SECONDS)
                    .register(registry);
            times.put(step, new Times(histogram, new LongAdder(), new DoubleAdder()));
        }
    }

    void took(Step step, double seconds) {
        Times of = times.get(step);
        of.histogram.observe(seconds);
        of.calls.increment();
        of.seconds.add(seconds);
    }

    void tookSince(Step step, long beginNanos) {
        took(step, (System.nanoTime() - beginNanos) / 1e9);
    }

    /** A table for people, one line per step that was done; the last column is the share of whole requests' time. */
    String summary() {
        double whole = times.get(Step.FULL_KNN_REQUEST_TIME).seconds.sum();
        List<String> lines = new ArrayList<>();
        times.forEach((step, of) -> {
            long calls = of.calls.sum();
            if (calls > 0) {
                double seconds = of.seconds.sum();
                lines.add(String.format(
                        Locale.ROOT,
                        "%-26s %-52s %10d %12.6f s %6.1f%%",
                        step.title(),
                        step.help,
                        calls,
                        seconds / calls,
                        whole > 0 ? 100 * seconds / whole : 0));
            }
        });
        if (lines.isEmpty()) {
            return "No request yet, go do some";
        }
        lines.add(
                0,
                String.format(
                        Locale.ROOT, "%-26s %-52s %10s %14s %7s", "name", "description", "calls", "average", "share"));
        return String.join("\n", lines) + "\n";
    }
}
