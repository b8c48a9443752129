package org.imagesearch.server.http;

import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import io.undertow.util.StatusCodes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * Whose web pages may read answers, beside our own. A key is never sent by a browser of itself, so {@code *} gives no page what its
 * visitor could not have got without it.
 */
final class Origins {
    private static final String ANY = "*";
    private static final Pattern ORIGIN = Pattern.compile("https?://[A-Za-z0-9.\\[\\]:-]+");

    private static final HttpString ALLOW_ORIGIN = new HttpString("Access-Control-Allow-Origin");
    private static final HttpString ALLOW_METHODS = new HttpString("Access-Control-Allow-Methods");
    private static final HttpString ALLOW_HEADERS = new HttpString("Access-Control-Allow-Headers");
    private static final HttpString EXPOSE_HEADERS = new HttpString("Access-Control-Expose-Headers");
    private static final HttpString MAX_AGE = new HttpString("Access-Control-Max-Age");
    private static final HttpString RESOURCE_POLICY = new HttpString("Cross-Origin-Resource-Policy");

    /** Seconds that a browser need not ask again; a change of the settings takes that long to be seen. */
    private static final String KEPT_SECONDS = "600";

    private final Set<String> allowed;

    private Origins(Set<String> allowed) {
        this.allowed = allowed;
    }

    /** @throws ImageSearchException (input) naming the setting, if one of them is no origin */
    static Origins of(String setting, List<String> texts) {
        for (String text : texts) {
            if (!text.equals(ANY) && !ORIGIN.matcher(text).matches()) {
                throw ImageSearchException.input(
                        "setting serve.http.%s has '%s', expected * or origins like https://example.org",
                        setting, text);
            }
        }
        return new Origins(new TreeSet<>(texts));
    }

    Origins and(Origins others) {
        List<String> all = new ArrayList<>(allowed);
        all.addAll(others.allowed);
        return new Origins(new TreeSet<>(all));
    }

    boolean areNone() {
        return allowed.isEmpty();
    }

    /** The handler, whose answers, errors too, pages of these origins may read. */
    HttpHandler allowing(HttpHandler handler) {
        if (areNone()) {
            return handler;
        }
        return exchange -> {
            if (allow(exchange)) {
                exchange.getResponseHeaders()
                        .put(EXPOSE_HEADERS, "ETag, Retry-After, X-Request-Id")
                        .put(RESOURCE_POLICY, "cross-origin");
            }
            handler.handleRequest(exchange);
        };
    }

    /**
     * Answers a browser that asks whether a page may ask.
     *
     * @param methods of the path
     */
    HttpHandler preflight(Set<String> methods) {
        return exchange -> {
            if (allow(exchange)) {
                exchange.getResponseHeaders()
                        .put(ALLOW_METHODS, String.join(", ", methods))
                        .put(ALLOW_HEADERS, "Authorization, Content-Type, If-None-Match, X-API-Key, X-Request-Id")
                        .put(MAX_AGE, KEPT_SECONDS);
            }
            exchange.setStatusCode(StatusCodes.NO_CONTENT);
            exchange.endExchange();
        };
    }

    private boolean allow(HttpServerExchange exchange) {
        HeaderMap headers = exchange.getResponseHeaders();
        if (allowed.contains(ANY)) {
            headers.put(ALLOW_ORIGIN, ANY);
            return true;
        }
        // Caches keep answers for each origin apart, whether this one is allowed or not.
        headers.put(Headers.VARY, "Origin");
        String origin = exchange.getRequestHeaders().getFirst(Headers.ORIGIN);
        if (origin == null || !allowed.contains(origin)) {
            return false;
        }
        headers.put(ALLOW_ORIGIN, origin);
        return true;
    }
}
