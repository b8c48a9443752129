package org.imagesearch.server.http;

import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.RoutingHandler;
import io.undertow.server.handlers.PredicateHandler;
import io.undertow.server.handlers.resource.ClassPathResourceManager;
import io.undertow.server.handlers.resource.ResourceHandler;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import io.undertow.util.Methods;
import io.undertow.util.PathTemplateMatcher;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import org.imagesearch.server.access.Role;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * The table of routes, each with the role that it is needed for and whose pages may ask; what no route takes is a file of the page,
 * or not found.
 */
final class Routes {
    private static final Set<String> PAGE_METHODS = new TreeSet<>(Set.of("GET", "HEAD"));

    private final HttpSettings settings;
    private final Admission admission;
    private final Responses responses;
    private final ServerMetrics metrics;
    private final Duration timeout;
    private final Duration guardedTimeout;
    private final Guard searching;
    private final Guard seeing;
    private final Guard administering;
    private final Origins searchOrigins;
    private final Origins clipRetrievalOrigins;
    private final RoutingHandler table = new RoutingHandler(false);
    private final PathTemplateMatcher<Set<String>> methods = new PathTemplateMatcher<>();

    /**
     * @param timeout of an answer
     * @param guardedTimeout of an answer to who administers
     */
    Routes(
            HttpSettings settings,
            Doorkeeper doorkeeper,
            PictureTickets tickets,
            Admission admission,
            Responses responses,
            ServerMetrics metrics,
            Duration timeout,
            Duration guardedTimeout) {
        this.settings = settings;
        this.searching = doorkeeper.requiring(Role.SEARCH);
        this.seeing = doorkeeper.requiringKeyOr(tickets);
        this.administering = doorkeeper.requiring(Role.ADMIN);
        this.searchOrigins = settings.origins();
        this.clipRetrievalOrigins = settings.originsOfClipRetrieval();
        this.admission = admission;
        this.responses = responses;
        this.metrics = metrics;
        this.timeout = timeout;
        this.guardedTimeout = guardedTimeout;
    }

    /** For whoever may search. */
    void get(String path, Route route) {
        getFrom(searchOrigins, path, admitted(path, route, searching, responses));
    }

    void post(String path, Route route) {
        postFrom(searchOrigins, path, admitted(path, route, searching, responses));
    }

    /** For whoever may search, and for a browser that shows what was found. */
    void getPicture(String path, Route route) {
        getFrom(searchOrigins, path, admitted(path, route, seeing, responses));
    }

    /** For whoever may take pictures down. */
    void getGuarded(String path, Route route) {
        add(Methods.GET, path, guarded(path, route));
        add(Methods.HEAD, path, guarded(path, route));
    }

    void postGuarded(String path, Route route) {
        add(Methods.POST, path, guarded(path, route));
    }

    /** For pages of clip-retrieval wherever they come from, with errors as it has them. */
    void postFromAnywhere(String path, Route route) {
        postFrom(clipRetrievalOrigins, path, admitted(path, route, searching, responses.withPlainMessages()));
    }

    void getFromAnywhere(String path, HttpHandler handler) {
        getFrom(clipRetrievalOrigins, path, atOnce(handler));
    }

    /** For whoever may search; answered on the I/O thread, whatever the load. */
    void getAtOnce(String path, HttpHandler handler) {
        getFrom(searchOrigins, path, atOnce(handler));
    }

    /** For everybody, with or without keys; answered on the I/O thread. The handler itself decides whom it answers. */
    void getOpen(String path, HttpHandler handler) {
        getFrom(searchOrigins, path, handler);
    }

    private void getFrom(Origins origins, String path, HttpHandler handler) {
        add(Methods.GET, path, origins.allowing(handler));
        add(Methods.HEAD, path, origins.allowing(handler));
        addPreflight(origins, path);
    }

    private void postFrom(Origins origins, String path, HttpHandler handler) {
        add(Methods.POST, path, origins.allowing(handler));
        addPreflight(origins, path);
    }

    private void addPreflight(Origins origins, String path) {
        if (!origins.areNone()) {
            add(Methods.OPTIONS, path, origins.preflight(known(path)));
        }
    }

    private void add(HttpString method, String path, HttpHandler handler) {
        table.add(method, path, handler);
        known(path).add(method.toString());
    }

    /** Methods of a path, to which later ones are added. */
    private Set<String> known(String path) {
        Set<String> known = methods.get(path);
        if (known == null) {
            known = new TreeSet<>();
            methods.add(path, known);
        }
        return known;
    }

    private HttpHandler atOnce(HttpHandler handler) {
        return exchange -> {
            searching.requireAllowed(exchange);
            handler.handleRequest(exchange);
        };
    }

    private HttpHandler admitted(String path, Route route, Guard guard, Responses answering) {
        return new AdmittedRoute(path, route, guard, timeout, admission, settings, answering, metrics);
    }

    private HttpHandler guarded(String path, Route route) {
        return new AdmittedRoute(path, route, administering, guardedTimeout, admission, settings, responses, metrics);
    }

    HttpHandler handler() {
        table.setInvalidMethodHandler(this::refuseMethod);
        ResourceHandler page = new ResourceHandler(
                new ClassPathResourceManager(Routes.class.getClassLoader(), "page"), this::refusePath);
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
                exchange, RequestException.of(Problem.NOT_FOUND, "there is nothing at %s", exchange.getRequestPath()));
    }
}
