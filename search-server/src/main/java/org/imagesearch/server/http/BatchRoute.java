package org.imagesearch.server.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import java.util.ArrayList;
import java.util.List;
import org.imagesearch.core.query.QueryParser;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.search.Answer;
import org.imagesearch.server.search.SearchEngine;

/**
 * {@code POST /search/batch}: several queries in one request, which is admitted once and has one deadline. Each is answered or
 * refused on its own, one after the other: a scan has every processor already, and where shards are screened, scanning lists for all of
 * them at once would take longer.
 */
final class BatchRoute implements Route {
    private final SearchEngine engine;
    private final QueryParser parser;
    private final int most;
    private final Responses responses;

    /** @param most queries of a request at most */
    BatchRoute(SearchEngine engine, QueryParser parser, int most, Responses responses) {
        this.engine = engine;
        this.parser = parser;
        this.most = most;
        this.responses = responses;
    }

    /** What each query got, in their order. */
    record Answers(List<Object> answers) {}

    @Override
    public void answer(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        Bodies.requireJson(exchange);
        Bodies.requireNoParameters(exchange);
        List<Object> answers = new ArrayList<>();
        for (JsonNode query : parser.listFromJson(body, most)) {
            answers.add(answer(exchange, query, deadline));
        }
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, "no-store");
        responses.json(exchange, new Answers(answers));
    }

    private Object answer(HttpServerExchange exchange, JsonNode query, Deadline deadline) {
        try {
            Answer answer = engine.search(parser.fromJson(query), deadline);
            RequestTimes.of(exchange).searched(answer);
            return answer;
        } catch (RuntimeException e) {
            return responses.errorBody(exchange, e);
        }
    }
}
