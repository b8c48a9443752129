package org.imagesearch.server.http;

import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RoutingHandler;
import io.undertow.server.handlers.GracefulShutdownHandler;
import io.undertow.server.handlers.resource.ClassPathResourceManager;
import io.undertow.server.handlers.resource.ResourceHandler;
import io.undertow.util.HeaderMap;
import io.undertow.util.HttpString;
import io.undertow.util.Methods;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.URI;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.pictures.OriginalPictures;
import org.imagesearch.server.pictures.Thumbnails;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.SearchEngine;
import org.imagesearch.server.search.SearchSettings;
import org.xnio.Options;

/** The HTTP server over a search engine. {@link #close} lets requests under way end. */
public final class HttpServer implements AutoCloseable {
    private static final int MAX_HEADER_BYTES = 32 << 10;
    private static final int MAX_HEADERS = 100;
    private static final int MAX_PARAMETERS = 50;
    private static final int HEAD_TIMEOUT_MILLIS = 10_000;

    private static final String CONTENT_SECURITY = "default-src 'none'; script-src 'self'; style-src 'self';"
            + " img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private final HttpSettings settings;
    private final GracefulShutdownHandler root;
    private final Undertow undertow;

    private HttpServer(HttpSettings settings, GracefulShutdownHandler root) {
        this.settings = settings;
        this.root = root;
        this.undertow = Undertow.builder()
                .addHttpListener(settings.port(), settings.host())
                .setHandler(root)
                .setWorkerThreads(settings.threads())
                .setSocketOption(Options.CONNECTION_HIGH_WATER, settings.connections())
                .setSocketOption(Options.CONNECTION_LOW_WATER, settings.connections())
                .setServerOption(UndertowOptions.IDLE_TIMEOUT, (int)
                        settings.idleTimeout().toMillis())
                .setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, (int)
                        settings.idleTimeout().toMillis())
                .setServerOption(UndertowOptions.REQUEST_PARSE_TIMEOUT, HEAD_TIMEOUT_MILLIS)
                .setServerOption(
                        UndertowOptions.MAX_ENTITY_SIZE, settings.body().count())
                .setServerOption(UndertowOptions.MAX_HEADER_SIZE, MAX_HEADER_BYTES)
                .setServerOption(UndertowOptions.MAX_HEADERS, MAX_HEADERS)
                .setServerOption(UndertowOptions.MAX_PARAMETERS, MAX_PARAMETERS)
                .build();
    }

    /**
     * Starts to listen.
     *
     * @param index what is served; may open later
     * @param dimension floats of a query vector
     * @throws ImageSearchException (resource) naming the address, if it cannot be listened on
     */
    public static HttpServer start(
            HttpSettings settings,
            ServedIndex index,
            SearchEngine engine,
            SearchSettings search,
            OriginalPictures originals,
            Thumbnails thumbnails,
            int dimension) {
        Admission admission = new Admission(settings.threads() + settings.queue());
        Responses responses = new Responses(settings.retryAfter());
        ServerMetrics metrics = new ServerMetrics(index, admission);
        QueryReader reader = new QueryReader(search, dimension, settings.body().toInt());
        SearchRoute searching = new SearchRoute(engine, reader, responses, metrics);
        PictureRoutes pictures = new PictureRoutes(originals, thumbnails, responses);
        StateRoutes state = new StateRoutes(index, search, settings, responses, metrics);
        byte[] openApi = resource("openapi.json");

        Routes routes = new Routes(settings, admission, responses, metrics);
        routes.get("/search", searching);
        routes.post("/search", searching);
        routes.get("/images/{id}", pictures::original);
        routes.get("/thumbnails/{id}", pictures::thumbnail);
        routes.get("/info", state::info);
        routes.get("/metrics", state::metrics);
        // These answer at once and must answer under any load.
        routes.getAtOnce("/healthz", state::health);
        routes.getAtOnce("/readyz", state::readiness);
        routes.getAtOnce("/openapi.json", exchange -> responses.send(exchange, 200, Responses.JSON, openApi));

        HttpServer server = new HttpServer(settings, new GracefulShutdownHandler(secured(routes.handler(), responses)));
        try {
            server.undertow.start();
        } catch (RuntimeException e) {
            throw e.getCause() instanceof BindException taken
                    ? new ImageSearchException(
                            ErrorCode.RESOURCE,
                            "cannot listen on " + settings.host() + ":" + settings.port() + ": " + taken.getMessage(),
                            e)
                    : e;
        }
        return server;
    }

    /** Where it listens. */
    public URI address() {
        InetSocketAddress bound =
                (InetSocketAddress) undertow.getListenerInfo().get(0).getAddress();
        return URI.create("http://" + settings.host() + ":" + bound.getPort());
    }

    @Override
    public void close() {
        root.shutdown();
        try {
            root.awaitShutdown(settings.stopTimeout().toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        undertow.stop();
    }

    /** The table of routes; what no route takes is a file of the page, or not found. */
    private static final class Routes {
        private final HttpSettings settings;
        private final Admission admission;
        private final Responses responses;
        private final ServerMetrics metrics;
        private final RoutingHandler table = new RoutingHandler(false);

        Routes(HttpSettings settings, Admission admission, Responses responses, ServerMetrics metrics) {
            this.settings = settings;
            this.admission = admission;
            this.responses = responses;
            this.metrics = metrics;
        }

        void get(String path, Route route) {
            getAtOnce(path, admitted(path, route));
        }

        void post(String path, Route route) {
            table.post(path, admitted(path, route));
        }

        void getAtOnce(String path, HttpHandler handler) {
            table.get(path, handler);
            table.add(Methods.HEAD, path, handler);
        }

        private HttpHandler admitted(String path, Route route) {
            return new AdmittedRoute(path, route, admission, settings, responses, metrics);
        }

        HttpHandler handler() {
            table.setInvalidMethodHandler(this::refuseMethod);
            ResourceHandler page = new ResourceHandler(
                    new ClassPathResourceManager(HttpServer.class.getClassLoader(), "page"), this::refusePath);
            page.setDirectoryListingEnabled(false);
            page.setWelcomeFiles("index.html");
            table.setFallbackHandler(exchange -> {
                if (exchange.getRequestMethod().equals(Methods.GET)
                        || exchange.getRequestMethod().equals(Methods.HEAD)) {
                    page.handleRequest(exchange);
                } else {
                    refuseMethod(exchange);
                }
            });
            return table;
        }

        private void refuseMethod(HttpServerExchange exchange) {
            exchange.setPersistent(false);
            responses.error(
                    exchange,
                    RequestException.of(
                            Problem.METHOD_NOT_ALLOWED,
                            "%s is not allowed on %s",
                            exchange.getRequestMethod(),
                            exchange.getRequestPath()));
        }

        private void refusePath(HttpServerExchange exchange) {
            responses.error(
                    exchange,
                    RequestException.of(Problem.NOT_FOUND, "there is nothing at %s", exchange.getRequestPath()));
        }
    }

    private static HttpHandler secured(HttpHandler next, Responses responses) {
        return exchange -> {
            HeaderMap headers = exchange.getResponseHeaders();
            headers.put(new HttpString("X-Content-Type-Options"), "nosniff");
            headers.put(new HttpString("Content-Security-Policy"), CONTENT_SECURITY);
            headers.put(new HttpString("Referrer-Policy"), "same-origin");
            headers.put(new HttpString("Cross-Origin-Resource-Policy"), "same-origin");
            try {
                next.handleRequest(exchange);
            } catch (Exception e) {
                responses.error(exchange, e);
            }
        };
    }

    private static byte[] resource(String name) {
        try (InputStream in = HttpServer.class.getClassLoader().getResourceAsStream(name)) {
            if (in == null) {
                throw new ImageSearchException(ErrorCode.INTERNAL, "the class path lacks " + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + name, e);
        }
    }
}
