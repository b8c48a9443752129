package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import org.imagesearch.server.query.Deadline;

/** Answers one kind of request, on a worker thread. What it throws becomes an error response. */
interface Route {
    /**
     * @param body the whole body, empty where there is none
     * @param deadline by when the answer is wanted; counted from the moment the request was there as a whole
     */
    void answer(HttpServerExchange exchange, byte[] body, Deadline deadline) throws Exception;
}
