package org.imagesearch.server.http;

import io.undertow.Undertow;
import io.undertow.UndertowOptions;
import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RoutingHandler;
import io.undertow.server.handlers.GracefulShutdownHandler;
import io.undertow.server.handlers.HttpContinueReadHandler;
import io.undertow.server.handlers.PredicateHandler;
import io.undertow.server.handlers.resource.ClassPathResourceManager;
import io.undertow.server.handlers.resource.ResourceHandler;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import io.undertow.util.Methods;
import io.undertow.util.PathTemplateMatcher;
import io.undertow.util.StatusCodes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.query.QueryParser;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.nodes.NodeService;
import org.imagesearch.server.nodes.NodeSettings;
import org.imagesearch.server.nodes.Nodes;
import org.imagesearch.server.pictures.OriginalPictures;
import org.imagesearch.server.pictures.Thumbnails;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.SearchEngine;
import org.imagesearch.server.search.SearchSettings;
import org.imagesearch.server.search.SimilarPictures;
import org.xnio.IoUtils;
import org.xnio.Options;
import org.xnio.XnioExecutor;

/** The HTTP server over a search engine. {@link #close} lets requests under way end. */
public final class HttpServer implements AutoCloseable {
    private static final int MAX_HEADER_BYTES = 32 << 10;
    private static final int MAX_HEADERS = 100;

    /** More than fit an address of that length: so the message about too many is ours, which names them. */
    private static final int MAX_PARAMETERS = MAX_HEADER_BYTES;

    /** They send the page's few files; requests are answered by {@link Workers}. */
    private static final int FILE_THREADS = 4;

    private static final int HEAD_TIMEOUT_MILLIS = 10_000;

    /** Time beyond the body's timeout in which a client that is refused can still read why. */
    private static final int LINGER_MILLIS = 2_000;

    private static final HttpString ALLOW_ORIGIN = new HttpString("Access-Control-Allow-Origin");
    private static final HttpString ALLOW_HEADERS = new HttpString("Access-Control-Allow-Headers");

    private static final String CONTENT_SECURITY = "default-src 'none'; script-src 'self'; style-src 'self';"
            + " img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private final HttpSettings settings;
    private final Responses responses;
    private final Workers workers;
    private final GracefulShutdownHandler root;
    private final Undertow undertow;
    private volatile boolean stopping;

    private HttpServer(HttpSettings settings, Responses responses, Workers workers, HttpHandler routes) {
        this.settings = settings;
        this.responses = responses;
        this.workers = workers;
        this.root = new GracefulShutdownHandler(routes);
        this.undertow = Undertow.builder()
                .addHttpListener(settings.port(), settings.host())
                .setHandler(outermost(root))
                .setWorkerThreads(FILE_THREADS)
                .setSocketOption(Options.CONNECTION_HIGH_WATER, settings.connections())
                .setSocketOption(Options.CONNECTION_LOW_WATER, settings.connections())
                .setServerOption(UndertowOptions.IDLE_TIMEOUT, (int)
                        settings.idleTimeout().toMillis())
                .setServerOption(UndertowOptions.NO_REQUEST_TIMEOUT, (int)
                        settings.idleTimeout().toMillis())
                .setServerOption(UndertowOptions.REQUEST_PARSE_TIMEOUT, HEAD_TIMEOUT_MILLIS)
                // Parameters are decoded by us, strictly and with a message; Undertow's own refusals have none.
                .setServerOption(UndertowOptions.DECODE_URL, false)
                .setServerOption(UndertowOptions.ALLOW_UNESCAPED_CHARACTERS_IN_URL, true)
                .setServerOption(UndertowOptions.MAX_HEADER_SIZE, MAX_HEADER_BYTES)
                .setServerOption(UndertowOptions.MAX_HEADERS, MAX_HEADERS)
                .setServerOption(UndertowOptions.MAX_PARAMETERS, MAX_PARAMETERS)
                .build();
    }

    /**
     * Starts to listen.
     *
     * @param index what is served; may open later
     * @param node what answers brokers, where the shards are in this process
     * @param nodes who has the shards, where they are not
     * @param dimension floats of a query vector
     * @throws ImageSearchException (resource) naming the address, if it cannot be listened on
     */
    public static HttpServer start(
            HttpSettings settings,
            AdminSettings admin,
            ServedIndex index,
            SearchEngine engine,
            SimilarPictures similar,
            SearchSettings search,
            OriginalPictures originals,
            Thumbnails thumbnails,
            Optional<NodeService> node,
            Optional<Nodes> nodes,
            NodeSettings nodeSettings,
            int dimension) {
        Workers workers = new Workers(settings.threads(), settings.queueTime(), System::nanoTime);
        Admission admission = new Admission(
                settings.threads() + settings.queue(), settings.bodyMemory().count(), workers);
        Responses responses = new Responses(settings.retryAfter());
        ServerMetrics metrics = new ServerMetrics(index, engine.liveRecall(), engine.encoding(), admission, nodes);
        QueryParser parser =
                new QueryParser(search.queryLimits(dimension, settings.body().toInt()));
        QueryReader reader = new QueryReader(parser);
        SearchRoute searching = new SearchRoute(engine, reader, responses, metrics);
        PictureRoutes pictures = new PictureRoutes(originals, thumbnails, responses);
        StateRoutes state = new StateRoutes(index, engine.liveRecall(), search, settings, nodes, responses, metrics);
        AdminRoutes administration = new AdminRoutes(
                index, similar, new TakedownReader(settings.body().toInt()), responses);
        ClipRetrievalRoutes clipRetrieval = new ClipRetrievalRoutes(
                index,
                engine,
                thumbnails,
                new ClipRetrievalReader(
                        search, parser, index.name(), dimension, settings.body().toInt()),
                index.name(),
                responses,
                metrics);
        byte[] openApi = resource("openapi.json");

        Routes routes = new Routes(settings, admission, responses, metrics, search.timeout(), admin);
        routes.get("/search", searching);
        routes.post("/search", searching);
        routes.post("/search/batch", new BatchRoute(engine, parser, search.maxBatch(), responses, metrics));
        routes.get("/images/{id}", pictures::original);
        routes.get("/thumbnails/{id}", pictures::thumbnail);
        routes.get("/vectors/{id}", new VectorRoute(index, responses));
        routes.get("/info", state::info);
        routes.postGuarded("/admin/takedown", administration::takedown);
        routes.postGuarded("/admin/restore", administration::restore);
        routes.getGuarded("/admin/takedowns", administration::list);
        routes.postFromAnywhere("/knn-service", clipRetrieval::knn);
        routes.postFromAnywhere("/metadata", clipRetrieval::metadata);
        routes.getFromAnywhere("/indices-list", clipRetrieval::indices);
        // These answer at once and must answer under any load.
        routes.getAtOnce("/healthz", state::health);
        routes.getAtOnce("/readyz", state::readiness);
        routes.getAtOnce("/metrics", state::metrics);
        routes.getAtOnce("/metrics-summary", clipRetrieval::summary);
        routes.getAtOnce("/config.json", clipRetrieval::config);
        node.ifPresent(service -> routes.getAtOnce("/node", new NodeRoute(service, nodeSettings.secret(), responses)));
        routes.getAtOnce("/openapi.json", exchange -> responses.send(exchange, 200, Responses.JSON, openApi));

        HttpServer server = new HttpServer(settings, responses, workers, routes.handler());
        try {
            server.undertow.start();
        } catch (RuntimeException e) {
            server.undertow.stop();
            workers.close();
            throw new ImageSearchException(
                    ErrorCode.RESOURCE,
                    "cannot listen on " + settings.host() + ":" + settings.port() + ": " + reason(e),
                    e);
        }
        return server;
    }

    private static String reason(RuntimeException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        return String.valueOf(cause.getMessage());
    }

    /** Where it listens. */
    public URI address() {
        InetSocketAddress bound =
                (InetSocketAddress) undertow.getListenerInfo().get(0).getAddress();
        boolean bareIpv6 = settings.host().contains(":") && !settings.host().startsWith("[");
        String host = bareIpv6 ? "[" + settings.host() + "]" : settings.host();
        return URI.create("http://" + host + ":" + bound.getPort());
    }

    @Override
    public void close() {
        stopping = true;
        root.shutdown();
        try {
            root.awaitShutdown(settings.stopTimeout().toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        undertow.stop();
        workers.close();
    }

    /** The table of routes; what no route takes is a file of the page, or not found. */
    private static final class Routes {
        private static final Set<String> PAGE_METHODS = new TreeSet<>(Set.of("GET", "HEAD"));

        private final HttpSettings settings;
        private final Admission admission;
        private final Responses responses;
        private final ServerMetrics metrics;
        private final Duration timeout;
        private final Guard guard;
        private final Duration guardedTimeout;
        private final RoutingHandler table = new RoutingHandler(false);
        private final PathTemplateMatcher<Set<String>> methods = new PathTemplateMatcher<>();

        Routes(
                HttpSettings settings,
                Admission admission,
                Responses responses,
                ServerMetrics metrics,
                Duration timeout,
                AdminSettings admin) {
            this.settings = settings;
            this.timeout = timeout;
            this.guard = new AdminGuard(admin);
            this.guardedTimeout = admin.timeout();
            this.admission = admission;
            this.responses = responses;
            this.metrics = metrics;
        }

        void get(String path, Route route) {
            getAtOnce(path, admitted(path, route));
        }

        void post(String path, Route route) {
            add(Methods.POST, path, admitted(path, route));
        }

        void getGuarded(String path, Route route) {
            getAtOnce(path, guarded(path, route));
        }

        void postGuarded(String path, Route route) {
            add(Methods.POST, path, guarded(path, route));
        }

        /** For pages of other origins too, with errors as clip-retrieval has them. */
        void postFromAnywhere(String path, Route route) {
            AdmittedRoute admitted = new AdmittedRoute(
                    path, route, Guard.EVERYBODY, timeout, admission, settings, responses.withPlainMessages(), metrics);
            add(Methods.POST, path, fromAnywhere(admitted));
            add(Methods.OPTIONS, path, fromAnywhere(HttpServer::endWithoutBody));
        }

        void getFromAnywhere(String path, HttpHandler handler) {
            getAtOnce(path, fromAnywhere(handler));
            add(Methods.OPTIONS, path, fromAnywhere(HttpServer::endWithoutBody));
        }

        private HttpHandler fromAnywhere(HttpHandler handler) {
            return exchange -> {
                if (!settings.allowOrigin().isEmpty()) {
                    exchange.getResponseHeaders()
                            .put(ALLOW_ORIGIN, settings.allowOrigin())
                            .put(ALLOW_HEADERS, "Content-Type");
                }
                handler.handleRequest(exchange);
            };
        }

        void getAtOnce(String path, HttpHandler handler) {
            add(Methods.GET, path, handler);
            add(Methods.HEAD, path, handler);
        }

        private void add(HttpString method, String path, HttpHandler handler) {
            table.add(method, path, handler);
            Set<String> known = methods.get(path);
            if (known == null) {
                known = new TreeSet<>();
                methods.add(path, known);
            }
            known.add(method.toString());
        }

        private HttpHandler admitted(String path, Route route) {
            return new AdmittedRoute(path, route, Guard.EVERYBODY, timeout, admission, settings, responses, metrics);
        }

        private HttpHandler guarded(String path, Route route) {
            return new AdmittedRoute(path, route, guard, guardedTimeout, admission, settings, responses, metrics);
        }

        HttpHandler handler() {
            table.setInvalidMethodHandler(this::refuseMethod);
            ResourceHandler page = new ResourceHandler(
                    new ClassPathResourceManager(HttpServer.class.getClassLoader(), "page"), this::refusePath);
            // No file's name ends so, and Undertow's own refusal of it has no body.
            HttpHandler files = new PredicateHandler(
                    exchange -> exchange.getRelativePath().length() > 1
                            && exchange.getRelativePath().endsWith("/"),
                    this::refusePath,
                    page);
            page.setDirectoryListingEnabled(false);
            page.setWelcomeFiles("index.html");
            table.setFallbackHandler(exchange -> {
                if (exchange.getRequestMethod().equals(Methods.GET)
                        || exchange.getRequestMethod().equals(Methods.HEAD)) {
                    files.handleRequest(exchange);
                } else {
                    refuseMethod(exchange);
                }
            });
            return table;
        }

        private void refuseMethod(HttpServerExchange exchange) {
            PathTemplateMatcher.PathMatchResult<Set<String>> match = methods.match(exchange.getRelativePath());
            Set<String> allowed = match == null ? PAGE_METHODS : match.getValue();
            exchange.getResponseHeaders().put(Headers.ALLOW, String.join(", ", allowed));
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

    /** What holds for every request, whatever it asks for. */
    private HttpHandler outermost(HttpHandler next) {
        HttpHandler continued = new HttpContinueReadHandler(next);
        return exchange -> {
            HeaderMap headers = exchange.getResponseHeaders();
            headers.put(new HttpString("X-Content-Type-Options"), "nosniff");
            headers.put(new HttpString("Content-Security-Policy"), CONTENT_SECURITY);
            headers.put(new HttpString("Referrer-Policy"), "same-origin");
            headers.put(new HttpString("Cross-Origin-Resource-Policy"), "same-origin");
            try {
                requireServed(exchange);
                joinSlashes(exchange);
                continued.handleRequest(exchange);
            } catch (Exception e) {
                responses.error(exchange, e);
            }
        };
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

    /** To a browser that asks whether it may ask: the headers say it. */
    private static void endWithoutBody(HttpServerExchange exchange) {
        exchange.setStatusCode(StatusCodes.NO_CONTENT);
        exchange.endExchange();
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
