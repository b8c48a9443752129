package org.imagesearch.server.http;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.nodes.Nodes;
import org.imagesearch.server.search.SearchEngine;
import org.imagesearch.server.tls.TlsFiles;

/** What {@code /metrics} tells. Thread-safe. */
final class ServerMetrics {
    /** From a cached text over a small index to a picture over a large one. */
    private static final double[] SECONDS = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter requests = Counter.builder()
            .name("imagesearch_requests_total")
            .help("Requests answered, by route and status.")
            .labelNames("route", "status")
            .register(registry);
    private final Histogram requestSeconds = Histogram.builder()
            .name("imagesearch_request_seconds")
            .help("Time from the request's head to the end of the answer, by route.")
            .labelNames("route")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);
    private final Counter refused = Counter.builder()
            .name("imagesearch_refused_requests_total")
            .help("Requests refused with 503 because the queue was full, or because they waited longer than they may.")
            .register(registry);
    private final Histogram waitSeconds = Histogram.builder()
            .name("imagesearch_request_wait_seconds")
            .help("Time that requests waited for a thread, those refused for waiting too long included.")
            .classicOnly()
            .classicUpperBounds(SECONDS)
            .register(registry);

    private final Counter turnedAway = Counter.builder()
            .name("imagesearch_turned_away_total")
            .help(
                    "Requests and connections turned away, by reason: no_key and role (keys), origin (administration from elsewhere),"
                            + " rate (429), connections (too many of one address), slow_body and slow_reader (cut off).")
            .labelNames("reason")
            .register(registry);

    private final ClipRetrievalMetrics ofClipRetrieval = new ClipRetrievalMetrics(registry);

    ServerMetrics(ServedIndex index, SearchEngine engine, Admission admission, Optional<Nodes> nodes) {
        for (Refusal why : Refusal.values()) {
            turnedAway.initLabelValues(why.label());
        }
        IndexMetrics.register(registry, index);
        LiveRecallMetrics.register(registry, engine.liveRecall());
        engine.metrics().register(registry);
        engine.encoding().register(registry);
        nodes.ifPresent(all -> NodeMetrics.register(registry, index, all));
        JvmMetrics.builder().register(registry);
        GaugeWithCallback.builder()
                .name("imagesearch_admitted_requests")
                .help("Requests being answered or waiting for a thread.")
                .callback(gauge -> gauge.call(admission.admitted()))
                .register(registry);
    }

    /** Tells when a certificate must have been renewed, too. */
    void tellEndOf(TlsFiles files) {
        GaugeWithCallback.builder()
                .name("imagesearch_certificate_end_seconds")
                .help(
                        "When the certificate of http.tls, or the first that it is signed with, is good no more, in seconds since 1970.")
                .callback(gauge -> gauge.call((double) files.end().getEpochSecond()))
                .register(registry);
    }

    void answered(String route, int status, long nanos) {
        requests.labelValues(route, Integer.toString(status)).inc();
        requestSeconds.labelValues(route).observe(nanos / 1e9);
    }

    ClipRetrievalMetrics ofClipRetrieval() {
        return ofClipRetrieval;
    }

    void waited(long nanos) {
        waitSeconds.observe(nanos / 1e9);
    }

    void refused() {
        refused.inc();
    }

    void turnedAway(Refusal why) {
        turnedAway.labelValues(why.label()).inc();
    }

    static String contentType() {
        return PrometheusTextFormatWriter.CONTENT_TYPE;
    }

    byte[] text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write to memory", e);
        }
        return out.toByteArray();
    }
}
