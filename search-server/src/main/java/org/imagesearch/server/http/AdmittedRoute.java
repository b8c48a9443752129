package org.imagesearch.server.http;

import io.undertow.io.Receiver;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RequestTooBigException;
import io.undertow.util.Methods;
import java.io.IOException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.xnio.IoUtils;
import org.xnio.XnioExecutor;

/**
 * Lets a request in if there is a place for it, reads its body without holding a thread, and answers it on a worker.
 *
 * <p>So a slow sender costs a place and at most one body's memory until the body's timeout, and a flood costs nothing but
 * its refusals.
 */
final class AdmittedRoute implements HttpHandler {
    private static final byte[] NO_BODY = new byte[0];

    private final String name;
    private final Route route;
    private final Admission admission;
    private final HttpSettings settings;
    private final Responses responses;
    private final ServerMetrics metrics;

    AdmittedRoute(
            String name,
            Route route,
            Admission admission,
            HttpSettings settings,
            Responses responses,
            ServerMetrics metrics) {
        this.name = name;
        this.route = route;
        this.admission = admission;
        this.settings = settings;
        this.responses = responses;
        this.metrics = metrics;
    }

    @Override
    public void handleRequest(HttpServerExchange exchange) {
        long begin = System.nanoTime();
        boolean admitted = admission.tryEnter();
        exchange.addExchangeCompleteListener((completed, next) -> {
            if (admitted) {
                admission.leave();
            }
            metrics.answered(name, completed.getStatusCode(), System.nanoTime() - begin);
            next.proceed();
        });
        if (!admitted) {
            metrics.refused();
            exchange.setPersistent(false);
            responses.error(exchange, RequestException.of(Problem.UNAVAILABLE, "the server has too much to do"));
            return;
        }
        if (!exchange.getRequestMethod().equals(Methods.POST)) {
            dispatch(exchange, NO_BODY);
            return;
        }
        if (exchange.getRequestContentLength() > settings.body().count()) {
            refuseLargeBody(exchange);
            return;
        }
        readBody(exchange);
    }

    private void readBody(HttpServerExchange exchange) {
        AtomicBoolean arrived = new AtomicBoolean();
        XnioExecutor.Key timeout = exchange.getIoThread()
                .executeAfter(
                        () -> {
                            if (!arrived.get()) {
                                IoUtils.safeClose(exchange.getConnection());
                            }
                        },
                        settings.bodyTimeout().toMillis(),
                        TimeUnit.MILLISECONDS);
        Receiver receiver = exchange.getRequestReceiver();
        receiver.setMaxBufferSize(settings.body().toInt());
        receiver.receiveFullBytes(
                (received, bytes) -> {
                    arrived.set(true);
                    timeout.remove();
                    dispatch(received, bytes);
                },
                (received, e) -> {
                    arrived.set(true);
                    timeout.remove();
                    bodyFailed(received, e);
                });
    }

    private void bodyFailed(HttpServerExchange exchange, IOException e) {
        if (e instanceof Receiver.RequestToLargeException || e instanceof RequestTooBigException) {
            refuseLargeBody(exchange);
        } else {
            exchange.setPersistent(false);
            responses.error(exchange, RequestException.bad("the body could not be read: %s", e.getMessage()));
        }
    }

    private void refuseLargeBody(HttpServerExchange exchange) {
        // The rest of the body is not worth reading, and without that the connection cannot be used again.
        exchange.setPersistent(false);
        responses.error(
                exchange,
                RequestException.of(
                        Problem.TOO_LARGE,
                        "the body is larger than %d bytes",
                        settings.body().count()));
    }

    private void dispatch(HttpServerExchange exchange, byte[] body) {
        try {
            exchange.dispatch(exchange.getConnection().getWorker(), worked -> {
                try {
                    route.answer(worked, body);
                } catch (Exception | StackOverflowError e) {
                    responses.error(worked, e);
                }
            });
        } catch (RejectedExecutionException e) {
            responses.error(exchange, RequestException.of(Problem.UNAVAILABLE, "the server is stopping"));
        }
    }
}
