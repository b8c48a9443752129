package org.imagesearch.server.search;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.search.Answer.Coverage;
import org.imagesearch.server.search.Answer.Took;

/** How long searches take, and what they miss, whether they were answered without it or refused. Thread-safe. */
public final class SearchMetrics {
    private final Histogram stageSeconds = Histogram.builder()
            .name("imagesearch_search_stage_seconds")
            .help("Time of the stages of answered searches: encode (words, pictures and ids to one vector),"
                    + " search (that vector to hits with their rows).")
            .labelNames("stage")
            .classicOnly()
            .classicUpperBounds(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
            .build();
    private final Counter missingShards = Counter.builder()
            .name("imagesearch_missing_shards_total")
            .help(
                    "Shards that did not answer a search, one per shard and search, by reason: deadline (not in time), slow (not waited for),"
                            + " overloaded, unreachable (no node that has it), failed (the log says why). Their pictures were missing from the"
                            + " answer, or the search was refused, as partial=false asks for.")
            .labelNames("reason")
            .build();

    SearchMetrics() {
        for (String reason : ShardHits.PROBLEMS) {
            missingShards.initLabelValues(reason);
        }
    }

    void answered(Took took, Coverage coverage) {
        stageSeconds.labelValues("encode").observe(took.encodeMs() / 1e3);
        stageSeconds.labelValues("search").observe(took.searchMs() / 1e3);
        missed(coverage);
    }

    /** Of a search that was answered, or refused because of it. */
    void missed(Coverage coverage) {
        coverage.degraded()
                .forEach(missing -> missingShards.labelValues(missing.reason()).inc());
    }

    /** Makes them part of what a registry tells. */
    public void register(PrometheusRegistry registry) {
        registry.register(stageSeconds);
        registry.register(missingShards);
    }
}
