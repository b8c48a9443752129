package org.imagesearch.server.http;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.faiss.FaissLibrary;
import org.imagesearch.server.index.FilterCacheState;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.ServedIndex;

/** What {@code /metrics} tells of the generation served: its size, what is taken down, and the recall that it was built with. */
final class IndexMetrics {
    private final PrometheusRegistry registry;
    private final ServedIndex index;

    private IndexMetrics(PrometheusRegistry registry, ServedIndex index) {
        this.registry = registry;
        this.index = index;
    }

    static void register(PrometheusRegistry registry, ServedIndex index) {
        IndexMetrics metrics = new IndexMetrics(registry, index);
        metrics.registerGeneration();
        metrics.registerTakedowns();
        metrics.registerRecall();
        metrics.registerFilters();
    }

    private void registerGeneration() {
        number(
                "imagesearch_pictures",
                "Pictures in the shards served, without those taken down.",
                Generation::pictures);
        number(
                "imagesearch_screen_bytes",
                "Memory of the copies in bytes that scans of the generation served read first; 0 if there are none.",
                Generation::screenBytes);
        number(
                "imagesearch_shards",
                "Shards of the generation served, whether this server has them or not.",
                generation -> generation.manifest().shards().size());
        number(
                "imagesearch_index_created_seconds",
                "When the generation served was written, in seconds since 1970.",
                generation -> generation.manifest().created().toEpochMilli() / 1e3);
        GaugeWithCallback.builder()
                .name("imagesearch_index")
                .help("The generation served, and the instructions that scans of it use; always 1.")
                .labelNames("generation", "model", "factory", "nprobe", "faiss", "simd")
                .callback(gauge -> ifOpen(manifest -> gauge.call(
                        1,
                        manifest.generation(),
                        manifest.model().value(),
                        manifest.factory(),
                        Integer.toString(manifest.defaultNprobe()),
                        FaissLibrary.version(),
                        FaissLibrary.instructionSet())))
                .register(registry);
    }

    private void registerTakedowns() {
        number(
                "imagesearch_taken_down_pictures",
                "Pictures in the shards served that are taken down.",
                Generation::hiddenPictures);
        GaugeWithCallback.builder()
                .name("imagesearch_takedowns")
                .help("Ids that are taken down, in the index or not.")
                .callback(gauge -> gauge.call(index.down().length))
                .register(registry);
        GaugeWithCallback.builder()
                .name("imagesearch_takedowns_readable")
                .help(
                        "1 if the file of what is taken down could be read the last time; else 0, and what was down still is.")
                .callback(gauge -> gauge.call(index.takedownsAreReadable() ? 1 : 0))
                .register(registry);
    }

    private void registerRecall() {
        number(
                "imagesearch_index_default_nprobe",
                "Inverted lists probed where a request does not say.",
                generation -> generation.manifest().defaultNprobe());
        number(
                "imagesearch_index_target_recall",
                "Recall at 10 that the default nprobe was chosen for.",
                generation -> generation.manifest().targetRecall());
        GaugeWithCallback.builder()
                .name("imagesearch_index_recall")
                .help("Mean recall at 10, measured when the index was built, by nprobe and kind of query.")
                .labelNames("nprobe", "queries")
                .callback(gauge -> ifOpen(manifest -> {
                    for (RecallPoint point : manifest.recall()) {
                        String nprobe = Integer.toString(point.nprobe());
                        gauge.call(point.pictures(), nprobe, "pictures");
                        point.words().ifPresent(words -> gauge.call(words, nprobe, "words"));
                    }
                }))
                .register(registry);
        GaugeWithCallback.builder()
                .name("imagesearch_index_scanned_share")
                .help("Mean share of all vectors that a query compares, by nprobe, measured when the index was built.")
                .labelNames("nprobe")
                .callback(gauge -> ifOpen(manifest -> manifest.recall()
                        .forEach(point -> gauge.call(point.scannedShare(), Integer.toString(point.nprobe())))))
                .register(registry);
    }

    /** Of a broker, its nodes tell. */
    private void registerFilters() {
        GaugeWithCallback.builder()
                .name("imagesearch_filter_cache_bytes")
                .help("Memory that is kept of what recent filters let through.")
                .callback(gauge -> ifFilters(state -> gauge.call((double) state.bytes())))
                .register(registry);
        filters(
                "imagesearch_filter_cache_hits_total",
                "Times that what a filter lets through in a shard was known from an earlier query.",
                FilterCacheState::hits);
        filters(
                "imagesearch_filter_cache_misses_total",
                "Times that what a filter lets through in a shard was looked for in its rows.",
                FilterCacheState::misses);
        filters(
                "imagesearch_filter_cache_evictions_total",
                "Times that what a filter lets through in a shard was forgotten to make room for others.",
                FilterCacheState::evictions);
    }

    private void filters(String name, String help, ToLongFunction<FilterCacheState> value) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(counter -> ifFilters(state -> counter.call((double) value.applyAsLong(state))))
                .register(registry);
    }

    private void ifFilters(Consumer<FilterCacheState> use) {
        if (index.isOpen()) {
            index.with(Generation::filterCache).ifPresent(use);
        }
    }

    private void number(String name, String help, ToDoubleFunction<Generation> value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(gauge -> {
                    if (index.isOpen()) {
                        gauge.call(index.with(value::applyAsDouble));
                    }
                })
                .register(registry);
    }

    private void ifOpen(Consumer<IndexManifest> use) {
        if (index.isOpen()) {
            use.accept(index.with(Generation::manifest));
        }
    }
}
