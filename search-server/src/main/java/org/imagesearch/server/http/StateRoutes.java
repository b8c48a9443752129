package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.imagesearch.core.filter.Column;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.nodes.Nodes;
import org.imagesearch.server.nodes.Nodes.NodeState;
import org.imagesearch.server.pictures.Thumbnails;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.LiveRecall;
import org.imagesearch.server.search.SearchSettings;

/** What the server tells of itself: {@code /info}, {@code /healthz}, {@code /readyz}, {@code /metrics}. */
final class StateRoutes {
    private final ServedIndex index;
    private final LiveRecall liveRecall;
    private final SearchSettings search;
    private final HttpSettings http;
    private final Optional<Nodes> nodes;
    private final Responses responses;
    private final ServerMetrics metrics;

    StateRoutes(
            ServedIndex index,
            LiveRecall liveRecall,
            SearchSettings search,
            HttpSettings http,
            Optional<Nodes> nodes,
            Responses responses,
            ServerMetrics metrics) {
        this.index = index;
        this.liveRecall = liveRecall;
        this.search = search;
        this.http = http;
        this.nodes = nodes;
        this.responses = responses;
        this.metrics = metrics;
    }

    /**
     * What {@code /info} tells.
     *
     * @param pictures in the shards served, without those that are taken down
     * @param takenDown pictures in the shards served that are taken down
     * @param liveRecall recall measured on live queries
     * @param columns that a filter may name; empty where filters cannot be answered
     * @param nodes who has the shards, where they are not in the server itself
     */
    record Info(
            String generation,
            long pictures,
            long takenDown,
            Model model,
            Shards shards,
            Lists lists,
            LiveRecall.State liveRecall,
            List<Column> columns,
            Limits limits,
            List<Integer> thumbnailSizes,
            Optional<List<NodeState>> nodes) {
        record Model(String name, String fingerprint, int dimension) {}

        record Shards(int total, List<Integer> served, int reachable) {}

        record Lists(String factory, int nlist, int defaultNprobe, double targetRecall, List<RecallPoint> recall) {}

        record Limits(int maxK, int maxTerms, int maxTextLength, long maxBodyBytes) {}
    }

    void info(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        responses.json(exchange, index.with(this::describe));
    }

    private Info describe(Generation generation) {
        IndexManifest manifest = generation.manifest();
        return new Info(
                manifest.generation(),
                generation.pictures(),
                generation.hiddenPictures(),
                new Info.Model(manifest.modelName(), manifest.model().value(), manifest.dimension()),
                new Info.Shards(manifest.shards().size(), generation.shards(), generation.reachableShards()),
                new Info.Lists(
                        manifest.factory(),
                        manifest.nlist(),
                        manifest.defaultNprobe(),
                        manifest.targetRecall(),
                        manifest.recall()),
                liveRecall.state(),
                generation.columns().map(Columns::list).orElse(List.of()),
                new Info.Limits(
                        search.maxK(),
                        search.maxTerms(),
                        search.maxTextLength(),
                        http.body().count()),
                Thumbnails.SIZES,
                nodes.map(Nodes::states));
    }

    /** Whether the process lives. */
    void health(HttpServerExchange exchange) {
        responses.json(exchange, Map.of("status", "ok"));
    }

    /** Whether queries can be answered. */
    void readiness(HttpServerExchange exchange) {
        if (!index.isOpen()) {
            responses.error(exchange, RequestException.of(Problem.UNAVAILABLE, "the index is not open"));
        } else if (index.with(Generation::reachableShards) == 0) {
            responses.error(exchange, RequestException.of(Problem.UNAVAILABLE, "no shard can be reached"));
        } else {
            responses.json(exchange, Map.of("status", "ready"));
        }
    }

    /** What happened so far. */
    void metrics(HttpServerExchange exchange) {
        responses.send(exchange, 200, ServerMetrics.contentType(), metrics.text());
    }
}
