package org.imagesearch.server.search;

import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/** How requests share the runs of the models that encode their queries. Thread-safe. */
public final class EncodingMetrics {
    private final Histogram sizes = Histogram.builder()
            .name("imagesearch_encoding_batch_size")
            .help("Texts or pictures that a run of the model encoded together, by model.")
            .labelNames("model")
            .classicOnly()
            .classicUpperBounds(1, 2, 4, 8, 16, 32, 64)
            .build();
    private final Histogram waits = Histogram.builder()
            .name("imagesearch_encoding_wait_seconds")
            .help("Time that a text or picture waited for its run of the model to begin, by model.")
            .labelNames("model")
            .classicOnly()
            .classicUpperBounds(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
            .build();

    /** What runs of one model tell. */
    static final class OfModel {
        private final DistributionDataPoint sizes;
        private final DistributionDataPoint waits;

        private OfModel(DistributionDataPoint sizes, DistributionDataPoint waits) {
            this.sizes = sizes;
            this.waits = waits;
        }

        /** @param sinceNanos when each input of a run that begins now began to wait, by {@link System#nanoTime} */
        void begun(long[] sinceNanos) {
            long now = System.nanoTime();
            for (long since : sinceNanos) {
                waits.observe((now - since) / 1e9);
            }
            sizes.observe(sinceNanos.length);
        }
    }

    OfModel of(String model) {
        return new OfModel(sizes.labelValues(model), waits.labelValues(model));
    }

    /** Makes them part of what a registry tells. */
    public void register(PrometheusRegistry registry) {
        registry.register(sizes);
        registry.register(waits);
    }
}
