package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import io.undertow.util.Methods;
import org.imagesearch.core.query.Query;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.search.Answer;
import org.imagesearch.server.search.SearchEngine;

/** {@code GET /search} and {@code POST /search}. */
final class SearchRoute implements Route {
    private final SearchEngine engine;
    private final QueryReader reader;
    private final Responses responses;

    SearchRoute(SearchEngine engine, QueryReader reader, Responses responses) {
        this.engine = engine;
        this.reader = reader;
        this.responses = responses;
    }

    @Override
    public void answer(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        Answer answer = engine.search(query(exchange, body), deadline);
        RequestTimes.of(exchange).searched(answer);
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, "no-store");
        responses.json(exchange, answer);
    }

    private Query query(HttpServerExchange exchange, byte[] body) {
        Parameters parameters = new Parameters(exchange.getQueryParameters(), QueryReader.PARAMETERS);
        if (!exchange.getRequestMethod().equals(Methods.POST)) {
            return reader.fromParameters(parameters);
        }
        return switch (Bodies.kindOf(exchange)) {
            case PICTURE -> reader.fromPicture(body, parameters);
            case JSON -> {
                Bodies.requireNoParameters(exchange);
                yield reader.fromJson(body);
            }
        };
    }
}
