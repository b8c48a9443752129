package org.imagesearch.server.http;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.ToDoubleFunction;
import org.imagesearch.server.search.LiveRecall;
import org.imagesearch.server.search.LiveRecall.OfKind;

/** What {@code /metrics} tells of the recall of live queries. */
final class LiveRecallMetrics {
    private LiveRecallMetrics() {}

    static void register(PrometheusRegistry registry, LiveRecall recall) {
        GaugeWithCallback.builder()
                .name("imagesearch_live_recall")
                .help(
                        "Recall at 10 of live queries against exact search, by kind: the mean of the recent ones, each new one"
                                + " counting 1/200.")
                .labelNames("queries")
                .callback(gauge ->
                        recall.state().queries().forEach((kind, measured) -> gauge.call(measured.recall(), kind)))
                .register(registry);
        GaugeWithCallback.builder()
                .name("imagesearch_live_recall_expected")
                .help(
                        "What the recall measured when the index was built promised for the same queries, with the same mean.")
                .labelNames("queries")
                .callback(gauge -> recall.state().queries().forEach((kind, measured) -> measured.expected()
                        .ifPresent(expected -> gauge.call(expected, kind))))
                .register(registry);
        counter(
                registry,
                recall,
                "imagesearch_live_recall_queries_total",
                "Live queries whose recall was measured.",
                OfKind::measured);
        counter(
                registry,
                recall,
                "imagesearch_live_recall_sum_total",
                "Sum of their recalls: its rate over the rate of their count is the mean recall of any time.",
                OfKind::sum);
        CounterWithCallback.builder()
                .name("imagesearch_live_recall_dropped_total")
                .help("Live queries that were to be measured and were not, by reason.")
                .labelNames("reason")
                .callback(counter -> recall.state().dropped().forEach((reason, count) -> counter.call(count, reason)))
                .register(registry);
        CounterWithCallback.builder()
                .name("imagesearch_live_recall_work_seconds_total")
                .help("Time that one thread spent on measuring recall.")
                .callback(counter -> counter.call(recall.state().workSeconds()))
                .register(registry);
    }

    private static void counter(
            PrometheusRegistry registry, LiveRecall recall, String name, String help, ToDoubleFunction<OfKind> value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames("queries")
                .callback(counter -> recall.state()
                        .queries()
                        .forEach((kind, measured) -> counter.call(value.applyAsDouble(measured), kind)))
                .register(registry);
    }
}
