package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.imagesearch.core.query.Term;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.server.http.ClipRetrievalMetrics.Step;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.pictures.Thumbnails;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.Answer;
import org.imagesearch.server.search.Answer.Hit;
import org.imagesearch.server.search.NearDuplicates;
import org.imagesearch.server.search.SearchEngine;

/**
 * What a backend of clip-retrieval answers, so that its page and its Python client work with this server: {@code /indices-list},
 * {@code /knn-service}, {@code /metadata}, {@code /metrics-summary} and {@code /config.json}.
 *
 * <p>Models for safety and aesthetics there are none; fields that are meant for them are passed over.
 */
final class ClipRetrievalRoutes {
    /** Pairs nearer than this are near duplicates to clip-retrieval. */
    private static final double NEAR_DUPLICATE = 0.94;

    /** Pictures that come along in one answer; the page asks for 40 at a time. */
    private static final int MAX_PICTURES = 100;

    private static final String URL = "url";
    private static final String IMAGE_PATH = "image_path";

    private final ServedIndex index;
    private final SearchEngine engine;
    private final Thumbnails thumbnails;
    private final ClipRetrievalReader reader;
    private final String indexName;
    private final Responses responses;
    private final ServerMetrics metrics;

    /** @param indexName what the one index is called */
    ClipRetrievalRoutes(
            ServedIndex index,
            SearchEngine engine,
            Thumbnails thumbnails,
            ClipRetrievalReader reader,
            String indexName,
            Responses responses,
            ServerMetrics metrics) {
        this.index = index;
        this.engine = engine;
        this.thumbnails = thumbnails;
        this.reader = reader;
        this.indexName = indexName;
        this.responses = responses;
        this.metrics = metrics;
    }

    void indices(HttpServerExchange exchange) {
        responses.json(exchange, List.of(indexName));
    }

    /** Where the page of clip-retrieval finds its backend: here. */
    void config(HttpServerExchange exchange) {
        String backend = exchange.getRequestScheme() + "://" + exchange.getHostAndPort();
        responses.json(exchange, Map.of("defaultBackend", backend, "defaultIndex", indexName, "urlColumn", URL));
    }

    void summary(HttpServerExchange exchange) {
        responses.send(
                exchange,
                200,
                "text/plain; charset=utf-8",
                metrics.ofClipRetrieval().summary().getBytes(StandardCharsets.UTF_8));
    }

    void knn(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        long begin = System.nanoTime();
        KnnRequest request = reader.knn(body, deadline);
        Answer answer = engine.search(request.query(), deadline);
        RequestTimes.of(exchange).searched(answer);
        observe(request, answer);
        List<Hit> hits = answer.hits();
        if (request.deduplicate()) {
            long deduplicating = System.nanoTime();
            hits = NearDuplicates.grouped(hits, NEAR_DUPLICATE);
            metrics.ofClipRetrieval().tookSince(Step.DEDUP_TIME, deduplicating);
        }
        List<Map<String, Object>> found = new ArrayList<>();
        for (Hit hit : hits.subList(0, Math.min(request.wanted(), hits.size()))) {
            Map<String, Object> one = found.size() < request.withMetadata()
                    ? metadata(hit.id(), hit.uri(), hit.caption(), hit.columns(), found.size(), deadline)
                    : new LinkedHashMap<>();
            // These two are ours, whatever columns there are.
            one.put("id", hit.id());
            one.put("similarity", hit.score() * request.length());
            found.add(one);
        }
        metrics.ofClipRetrieval().tookSince(Step.FULL_KNN_REQUEST_TIME, begin);
        responses.json(exchange, found);
    }

    private void observe(KnnRequest request, Answer answer) {
        ClipRetrievalMetrics times = metrics.ofClipRetrieval();
        Term term = request.query().terms().get(0);
        if (term instanceof Term.Text) {
            times.took(Step.TEXT_CLIP_INFERENCE_TIME, answer.took().encodeMs() / 1e3);
        } else if (term instanceof Term.Image) {
            times.took(Step.IMAGE_CLIP_INFERENCE_TIME, answer.took().encodeMs() / 1e3);
        }
        times.took(Step.KNN_INDEX_TIME, answer.took().searchMs() / 1e3);
    }

    /** What is known of a picture. */
    record Described(long id, Map<String, Object> metadata) {}

    void metadata(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        long begin = System.nanoTime();
        long[] ids = reader.ids(body);
        Map<Long, ImageRow> rows = index.with(generation -> generation.rows(ids));
        List<Described> all = new ArrayList<>();
        for (long id : ids) {
            ImageRow row = rows.get(id);
            // Of a picture that is not there, or taken down, nothing is known.
            Map<String, Object> known =
                    row == null ? Map.of() : metadata(id, row.uri(), row.caption(), row.extra(), all.size(), deadline);
            all.add(new Described(id, known));
        }
        metrics.ofClipRetrieval().tookSince(Step.METADATA_GET_TIME, begin);
        responses.json(exchange, all);
    }

    /**
     * The input's own columns; where the picture is; and the picture itself, small, where it is a file on this machine.
     *
     * @param place in the answer: late ones come without their pictures
     */
    private Map<String, Object> metadata(
            long id, String uri, Optional<String> caption, Map<String, Object> columns, int place, Deadline deadline) {
        Map<String, Object> metadata = new LinkedHashMap<>(columns);
        caption.ifPresent(text -> metadata.put("caption", text));
        String scheme = uri.substring(0, Math.max(0, uri.indexOf(':'))).toLowerCase(Locale.ROOT);
        if (scheme.equals("http") || scheme.equals("https")) {
            metadata.putIfAbsent(URL, uri);
        } else if (scheme.equals("file")) {
            path(uri).ifPresent(path -> metadata.putIfAbsent(IMAGE_PATH, path));
            if (place < MAX_PICTURES && !deadline.hasPassed()) {
                picture(id, uri).ifPresent(base64 -> metadata.put("image", base64));
            }
        } else {
            metadata.putIfAbsent(IMAGE_PATH, uri);
        }
        return metadata;
    }

    private static Optional<String> path(String uri) {
        try {
            return Optional.ofNullable(URI.create(uri).getPath());
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private Optional<String> picture(long id, String uri) {
        try {
            byte[] jpeg = thumbnails.of(id, uri, Thumbnails.DEFAULT_SIZE);
            return Optional.of(Base64.getEncoder().encodeToString(jpeg));
        } catch (RequestException e) {
            // Not there any more, or no picture: a hit without one.
            return Optional.empty();
        }
    }
}
