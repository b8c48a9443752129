package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import java.util.Locale;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/** What a request's body is, by its head. */
final class Bodies {
    private Bodies() {}

    /** What a body may be. */
    enum Kind {
        PICTURE,
        JSON
    }

    /** @throws RequestException (unsupported media type) if the body is neither or is encoded */
    static Kind kindOf(HttpServerExchange exchange) {
        requirePlain(exchange);
        String type = mediaType(exchange);
        if (type.startsWith("image/")) {
            return Kind.PICTURE;
        } else if (type.equals(Responses.JSON)) {
            return Kind.JSON;
        }
        throw RequestException.of(
                Problem.UNSUPPORTED_MEDIA_TYPE, "the body is '%s', expected image/* or application/json", type);
    }

    /** @throws RequestException (unsupported media type) if the body is no JSON or is encoded */
    static void requireJson(HttpServerExchange exchange) {
        requirePlain(exchange);
        String type = mediaType(exchange);
        if (!type.equals(Responses.JSON)) {
            throw RequestException.of(
                    Problem.UNSUPPORTED_MEDIA_TYPE, "the body is '%s', expected application/json", type);
        }
    }

    /** @throws RequestException if the address has parameters beside a JSON body */
    static void requireNoParameters(HttpServerExchange exchange) {
        if (!exchange.getQueryParameters().isEmpty()) {
            throw RequestException.bad(
                    "a JSON query says everything in its body, but the address has %s",
                    exchange.getQueryParameters().keySet());
        }
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
