package org.imagesearch.server.http;

import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.nodes.Nodes;

/** What {@code /metrics} of a broker tells of its nodes. */
final class NodeMetrics {
    private NodeMetrics() {}

    static void register(PrometheusRegistry registry, ServedIndex index, Nodes nodes) {
        GaugeWithCallback.builder()
                .name("imagesearch_node_connected")
                .help("1 if a shard node can be asked, 0 if not.")
                .labelNames("node")
                .callback(gauge -> nodes.states().forEach(node -> gauge.call(node.connected() ? 1 : 0, node.address())))
                .register(registry);
        GaugeWithCallback.builder()
                .name("imagesearch_node_outstanding")
                .help("Questions that a shard node has not answered yet.")
                .labelNames("node")
                .callback(gauge -> nodes.states().forEach(node -> gauge.call(node.outstanding(), node.address())))
                .register(registry);
        CounterWithCallback.builder()
                .name("imagesearch_node_questions_total")
                .help("Questions that a shard node was asked.")
                .labelNames("node")
                .callback(
                        counter -> nodes.states().forEach(node -> counter.call((double) node.asked(), node.address())))
                .register(registry);
        CounterWithCallback.builder()
                .name("imagesearch_node_failures_total")
                .help("Questions that a shard node refused, or was lost over.")
                .labelNames("node")
                .callback(
                        counter -> nodes.states().forEach(node -> counter.call((double) node.failed(), node.address())))
                .register(registry);
        CounterWithCallback.builder()
                .name("imagesearch_hedged_questions_total")
                .help("Times that other nodes were asked as well because one was late.")
                .callback(counter -> counter.call((double) nodes.hedged()))
                .register(registry);
        GaugeWithCallback.builder()
                .name("imagesearch_reachable_shards")
                .help("Shards of the generation served that at least one node has.")
                .callback(gauge -> {
                    if (index.isOpen()) {
                        gauge.call(index.with(Generation::reachableShards));
                    }
                })
                .register(registry);
        GaugeWithCallback.builder()
                .name("imagesearch_shard_replicas")
                .help("Nodes that have a shard, by generation.")
                .labelNames("generation", "shard")
                .callback(gauge -> nodes.replicaCounts()
                        .forEach((generation, shards) -> shards.forEach(
                                (shard, count) -> gauge.call(count, generation, Integer.toString(shard)))))
                .register(registry);
    }
}
