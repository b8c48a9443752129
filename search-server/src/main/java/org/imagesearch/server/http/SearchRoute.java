package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import io.undertow.util.Methods;
import java.util.Locale;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.Query;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.Answer;
import org.imagesearch.server.search.SearchEngine;

/** {@code GET /search} and {@code POST /search}. */
final class SearchRoute implements Route {
    private final SearchEngine engine;
    private final QueryReader reader;
    private final Responses responses;
    private final ServerMetrics metrics;

    SearchRoute(SearchEngine engine, QueryReader reader, Responses responses, ServerMetrics metrics) {
        this.engine = engine;
        this.reader = reader;
        this.responses = responses;
        this.metrics = metrics;
    }

    @Override
    public void answer(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        Answer answer = engine.search(query(exchange, body), deadline);
        metrics.searched(answer);
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, "no-store");
        responses.json(exchange, answer);
    }

    private Query query(HttpServerExchange exchange, byte[] body) {
        Parameters parameters = new Parameters(exchange.getQueryParameters(), QueryReader.PARAMETERS);
        if (!exchange.getRequestMethod().equals(Methods.POST)) {
            return reader.fromParameters(parameters);
        }
        requirePlain(exchange);
        String type = mediaType(exchange);
        if (type.startsWith("image/")) {
            return reader.fromPicture(body, parameters);
        } else if (type.equals(Responses.JSON)) {
            if (!exchange.getQueryParameters().isEmpty()) {
                throw RequestException.bad(
                        "a JSON query says everything in its body, but the address has %s",
                        exchange.getQueryParameters().keySet());
            }
            return reader.fromJson(body);
        }
        throw RequestException.of(
                Problem.UNSUPPORTED_MEDIA_TYPE, "the body is '%s', expected image/* or application/json", type);
    }

    private static void requirePlain(HttpServerExchange exchange) {
        String coding = exchange.getRequestHeaders().getFirst(Headers.CONTENT_ENCODING);
        if (coding != null && !coding.strip().equalsIgnoreCase("identity")) {
            throw RequestException.of(
                    Problem.UNSUPPORTED_MEDIA_TYPE, "the body is encoded with '%s', expected it as it is", coding);
        }
    }

    private static String mediaType(HttpServerExchange exchange) {
        String header = exchange.getRequestHeaders().getFirst(Headers.CONTENT_TYPE);
        return header == null ? "" : header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }
}
