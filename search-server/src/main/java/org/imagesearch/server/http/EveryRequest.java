package org.imagesearch.server.http;

import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.HttpContinueReadHandler;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.query.RequestId;
import org.xnio.IoUtils;
import org.xnio.XnioExecutor;

/** What holds for every request, whatever it asks for. */
final class EveryRequest implements HttpHandler {
    /** Time beyond the body's timeout in which a client that is refused can still read why. */
    private static final int LINGER_MILLIS = 2_000;

    private static final String CONTENT_SECURITY = "default-src 'none'; script-src 'self'; style-src 'self';"
            + " img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    /** Of what a browser could let a page do, the page needs the clipboard alone, which is not forbidden here. */
    private static final String PERMISSIONS = "accelerometer=(), autoplay=(), camera=(), display-capture=(),"
            + " encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(),"
            + " midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(),"
            + " xr-spatial-tracking=()";

    /** A year in which a browser that was here once comes by TLS alone. */
    private static final String TLS_ALONE = "max-age=31536000";

    static final HttpString REQUEST_ID = new HttpString("X-Request-Id");

    private final HttpSettings settings;
    private final Responses responses;
    private final ServerMetrics metrics;
    private final SlowReaders slowReaders;
    private final HttpHandler next;
    private final Map<HttpString, String> headers;
    private volatile boolean stopping;

    EveryRequest(
            HttpSettings settings,
            Responses responses,
            ServerMetrics metrics,
            SlowReaders slowReaders,
            HttpHandler next) {
        this.settings = settings;
        this.responses = responses;
        this.metrics = metrics;
        this.slowReaders = slowReaders;
        this.next = new HttpContinueReadHandler(next);
        this.headers = headers(settings.tls().isOn());
    }

    private static Map<HttpString, String> headers(boolean isTls) {
        Map<HttpString, String> headers = new LinkedHashMap<>();
        headers.put(new HttpString("X-Content-Type-Options"), "nosniff");
        headers.put(new HttpString("Content-Security-Policy"), CONTENT_SECURITY);
        headers.put(new HttpString("Referrer-Policy"), "same-origin");
        headers.put(new HttpString("Cross-Origin-Resource-Policy"), "same-origin");
        headers.put(new HttpString("Cross-Origin-Opener-Policy"), "same-origin");
        headers.put(new HttpString("Permissions-Policy"), PERMISSIONS);
        // For browsers that do not know frame-ancestors.
        headers.put(new HttpString("X-Frame-Options"), "DENY");
        if (isTls) {
            headers.put(Headers.STRICT_TRANSPORT_SECURITY, TLS_ALONE);
        }
        return headers;
    }

    @Override
    public void handleRequest(HttpServerExchange exchange) {
        HeaderMap answered = exchange.getResponseHeaders();
        headers.forEach(answered::put);
        answered.put(
                REQUEST_ID,
                RequestId.accept(exchange.getRequestHeaders().getFirst(REQUEST_ID))
                        .orElseGet(RequestId::make));
        slowReaders.watch(exchange);
        try {
            requireServed(exchange);
            joinSlashes(exchange);
            next.handleRequest(exchange);
        } catch (Exception e) {
            responses.error(exchange, e);
        }
    }

    /** The id of a request. */
    static String idOf(HttpServerExchange exchange) {
        return exchange.getResponseHeaders().getFirst(REQUEST_ID);
    }

    /** From now on, requests are told that the server stops. */
    void stop() {
        stopping = true;
    }

    private void requireServed(HttpServerExchange exchange) {
        if (!exchange.isRequestComplete()) {
            endBodyInTime(exchange);
        }
        String transfer = exchange.getRequestHeaders().getFirst(Headers.TRANSFER_ENCODING);
        if (transfer != null && !transfer.strip().equalsIgnoreCase("chunked")) {
            exchange.setPersistent(false);
            throw RequestException.bad("the transfer encoding is '%s', expected chunked", transfer);
        }
        if (stopping) {
            exchange.setPersistent(false);
            throw RequestException.of(Problem.UNAVAILABLE, "the server is stopping");
        }
    }

    /** Also a body that nobody wants is read to its end, for the answer to get through; but not for ever. */
    private void endBodyInTime(HttpServerExchange exchange) {
        XnioExecutor.Key timer = exchange.getIoThread()
                .executeAfter(
                        () -> {
                            if (!exchange.isRequestComplete()) {
                                metrics.turnedAway(Refusal.SLOW_BODY);
                                IoUtils.safeClose(exchange.getConnection());
                            }
                        },
                        settings.bodyTimeout().toMillis() + LINGER_MILLIS,
                        TimeUnit.MILLISECONDS);
        exchange.addExchangeCompleteListener((completed, then) -> {
            timer.remove();
            then.proceed();
        });
    }

    /** Some clients ask for {@code //search}: they put a path behind an address that ends in a slash. */
    private static void joinSlashes(HttpServerExchange exchange) {
        String path = exchange.getRelativePath();
        if (path.startsWith("//")) {
            String joined = "/" + path.replaceFirst("^/+", "");
            exchange.setRelativePath(joined);
            exchange.setRequestPath(joined);
        }
    }
}
