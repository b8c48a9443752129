package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;

/** Answers one kind of request, on a worker thread. What it throws becomes an error response. */
interface Route {
    /** @param body the whole body, empty where there is none */
    void answer(HttpServerExchange exchange, byte[] body) throws Exception;
}
