package org.imagesearch.server.http;

import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import io.undertow.util.Methods;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.query.RequestId;
import org.xnio.XnioExecutor;

/**
 * Lets a request in if there is a place for it, reads its body without holding a thread, and answers it on a worker.
 *
 * <p>So a slow sender costs a place and at most one body's memory until the body's timeout, and a flood costs nothing but
 * its refusals. What is refused without being read costs no place at all.
 */
final class AdmittedRoute implements HttpHandler {
    private static final byte[] NO_BODY = new byte[0];
    private static final int SMALL_BODY_BYTES = 64 << 10;

    private final String name;
    private final Route route;
    private final Guard guard;
    private final Duration timeout;
    private final Admission admission;
    private final HttpSettings settings;
    private final Responses responses;
    private final ServerMetrics metrics;

    /**
     * @param guard whom it lets in
     * @param timeout what an answer may take once the request is there; waiting for a worker counts
     */
    AdmittedRoute(
            String name,
            Route route,
            Guard guard,
            Duration timeout,
            Admission admission,
            HttpSettings settings,
            Responses responses,
            ServerMetrics metrics) {
        this.name = name;
        this.route = route;
        this.guard = guard;
        this.timeout = timeout;
        this.admission = admission;
        this.settings = settings;
        this.responses = responses;
        this.metrics = metrics;
    }

    @Override
    public void handleRequest(HttpServerExchange exchange) {
        RequestTimes times = RequestTimes.begin(exchange);
        exchange.addExchangeCompleteListener((completed, next) -> {
            metrics.answered(name, completed.getStatusCode(), times.nanos());
            times.tellIfSlow(completed, name, settings.slowRequest().toNanos());
            next.proceed();
        });
        try {
            guard.requireAllowed(exchange);
        } catch (RequestException e) {
            refuseUnread(exchange, e);
            return;
        }
        boolean takesBody = exchange.getRequestMethod().equals(Methods.POST);
        if (!takesBody && !exchange.isRequestComplete()) {
            refuseUnread(exchange, RequestException.bad("a %s request has no body here", exchange.getRequestMethod()));
            return;
        }
        if (exchange.getRequestContentLength() > settings.body().count()) {
            refuseLargeBody(exchange);
            return;
        }
        Optional<Admission.Place> place = admission.enter(takesBody ? bytesOfBody(exchange) : 0);
        if (place.isEmpty()) {
            metrics.refused();
            refuse(exchange, RequestException.of(Problem.UNAVAILABLE, "the server has too much to do"));
            return;
        }
        exchange.addExchangeCompleteListener((completed, next) -> {
            place.get().leave();
            next.proceed();
        });
        if (takesBody) {
            readBody(exchange, place.get());
        } else {
            dispatch(exchange, NO_BODY);
        }
    }

    /** What the body may take: as much as it says, or as much as any may where it does not say. */
    private long bytesOfBody(HttpServerExchange exchange) {
        if (exchange.isRequestComplete()) {
            return 0;
        }
        long said = exchange.getRequestContentLength();
        return said >= 0 ? said : settings.body().count();
    }

    private void readBody(HttpServerExchange exchange, Admission.Place place) {
        AtomicBoolean ended = new AtomicBoolean();
        XnioExecutor.Key timer = exchange.getIoThread()
                .executeAfter(
                        () -> {
                            if (ended.compareAndSet(false, true)) {
                                place.leave();
                                metrics.turnedAway(Refusal.SLOW_BODY);
                                refuseSlowBody(exchange);
                            }
                        },
                        settings.bodyTimeout().toMillis(),
                        TimeUnit.MILLISECONDS);
        BodyReceiver.receive(exchange, settings.body().toInt(), new BodyReceiver.Then() {
            @Override
            public void received(byte[] body) {
                if (ended.compareAndSet(false, true)) {
                    timer.remove();
                    dispatch(exchange, body);
                }
            }

            @Override
            public void tooLarge() {
                refuse(() -> refuseLargeBody(exchange));
            }

            @Override
            public void failed() {
                refuse(() -> refuseUnread(exchange, RequestException.bad("the body could not be read to its end")));
            }

            private void refuse(Runnable refusal) {
                if (ended.compareAndSet(false, true)) {
                    timer.remove();
                    place.leave();
                    refusal.run();
                }
            }
        });
    }

    private void refuseLargeBody(HttpServerExchange exchange) {
        refuseUnread(
                exchange,
                RequestException.of(
                        Problem.TOO_LARGE,
                        "the body is larger than %d bytes",
                        settings.body().count()));
    }

    private void refuseSlowBody(HttpServerExchange exchange) {
        refuseUnread(
                exchange,
                RequestException.of(
                        Problem.REQUEST_TIMEOUT,
                        "the body did not arrive within %d ms",
                        settings.bodyTimeout().toMillis()));
    }

    /** A new connection costs both sides more than reading over a small body: whoever is refused for now keeps the one that it has. */
    private void refuse(HttpServerExchange exchange, RequestException reason) {
        long unread = bytesOfBody(exchange);
        if (unread <= SMALL_BODY_BYTES) {
            responses.error(exchange, reason);
        } else {
            refuseUnread(exchange, reason);
        }
    }

    /** The rest of the body is not worth reading, and without that the connection cannot be used again. */
    private void refuseUnread(HttpServerExchange exchange, RequestException reason) {
        exchange.setPersistent(false);
        exchange.getResponseHeaders().put(Headers.CONNECTION, "close");
        responses.error(exchange, reason);
    }

    private void requireInTime(Workers.Turn turn) {
        if (turn.waitedTooLong()) {
            metrics.refused();
            throw RequestException.of(
                    Problem.UNAVAILABLE,
                    "the server has too much to do: the request waited for %d ms",
                    TimeUnit.NANOSECONDS.toMillis(turn.waitedNanos()));
        }
    }

    private void dispatch(HttpServerExchange exchange, byte[] body) {
        Deadline deadline = Deadline.in(timeout);
        RequestTimes times = RequestTimes.of(exchange);
        times.received();
        Workers.Turn turn = admission.workers().turn();
        Executor carrying = task -> turn.execute(() -> RequestId.with(EveryRequest.idOf(exchange), task));
        try {
            exchange.dispatch(carrying, worked -> {
                try {
                    metrics.waited(turn.waitedNanos());
                    times.waited(turn.waitedNanos());
                    requireInTime(turn);
                    deadline.requireTimeFor("answering: others were answered until then");
                    route.answer(worked, body, deadline);
                } catch (Exception | StackOverflowError e) {
                    responses.error(worked, e);
                } finally {
                    times.answered();
                }
            });
        } catch (RejectedExecutionException e) {
            responses.error(exchange, RequestException.of(Problem.UNAVAILABLE, "the server is stopping"));
        }
    }
}
