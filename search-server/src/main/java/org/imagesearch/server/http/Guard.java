package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import org.imagesearch.server.query.RequestException;

/** Decides by a request's head, before anything of its body is read, whether whoever sent it may. */
interface Guard {
    /** @throws RequestException (unauthorized, forbidden, too many requests) if not */
    void requireAllowed(HttpServerExchange exchange);
}
