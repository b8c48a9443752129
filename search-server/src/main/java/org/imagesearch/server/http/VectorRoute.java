package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import java.util.Set;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/** {@code GET /vectors/{id}}: the embedding of an indexed picture. */
final class VectorRoute implements Route {
    private final ServedIndex index;
    private final Responses responses;

    VectorRoute(ServedIndex index, Responses responses) {
        this.index = index;
        this.responses = responses;
    }

    /**
     * An embedding.
     *
     * @param model fingerprint of the model that made it: vectors of others cannot be compared with it
     * @param vector float[dimension], of unit length
     */
    record Embedding(long id, String model, float[] vector) {}

    @Override
    public void answer(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        new Parameters(exchange.getQueryParameters(), Set.of());
        long id = PictureRoutes.id(exchange);
        Embedding embedding = index.with(generation -> generation
                .vector(id)
                .map(vector -> new Embedding(id, generation.manifest().model().value(), vector))
                .orElseThrow(() ->
                        RequestException.of(Problem.NOT_FOUND, "there is no picture with id %d in the index", id)));
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, "no-store");
        responses.json(exchange, embedding);
    }
}
