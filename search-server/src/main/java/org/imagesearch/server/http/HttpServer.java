package org.imagesearch.server.http;

import io.undertow.server.handlers.GracefulShutdownHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Clock;
import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.query.QueryParser;
import org.imagesearch.server.access.AccessSettings;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.access.Networks;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.nodes.NodeService;
import org.imagesearch.server.nodes.NodeSettings;
import org.imagesearch.server.nodes.Nodes;
import org.imagesearch.server.pictures.Pictures;
import org.imagesearch.server.search.SearchEngine;
import org.imagesearch.server.search.SearchSettings;
import org.imagesearch.server.search.SimilarPictures;
import org.imagesearch.server.tls.TlsFiles;

/** The HTTP server over a search engine. {@link #close} lets requests under way end. */
public final class HttpServer implements AutoCloseable {
    private final HttpSettings settings;
    private final GracefulShutdownHandler underWay;
    private final EveryRequest everyRequest;
    private final Listener listener;
    private final AccessFollower follower;
    private final Workers workers;

    private HttpServer(
            HttpSettings settings,
            GracefulShutdownHandler underWay,
            EveryRequest everyRequest,
            Listener listener,
            AccessFollower follower,
            Workers workers) {
        this.settings = settings;
        this.underWay = underWay;
        this.everyRequest = everyRequest;
        this.listener = listener;
        this.follower = follower;
        this.workers = workers;
    }

    /**
     * Starts to listen.
     *
     * @param index what is served; may open later
     * @param sources of pictures
     * @param node what answers brokers, where the shards are in this process
     * @param nodes who has the shards, where they are not
     * @param dimension floats of a query vector
     * @throws ImageSearchException (resource) naming the address, if it cannot be listened on; (input) naming the file, if keys or
     *     certificates cannot be read
     */
    public static HttpServer start(
            HttpSettings settings,
            AccessSettings access,
            AdminSettings admin,
            ServedIndex index,
            SearchEngine engine,
            SimilarPictures similar,
            SearchSettings search,
            Pictures sources,
            Optional<NodeService> node,
            Optional<Nodes> nodes,
            NodeSettings nodeSettings,
            int dimension) {
        Workers workers = new Workers(settings.threads(), settings.queueTime(), System::nanoTime);
        Admission admission = new Admission(
                settings.threads() + settings.queue(), settings.bodyMemory().count(), workers);
        Responses responses = new Responses(settings.retryAfter());
        ServerMetrics metrics = new ServerMetrics(index, engine, admission, nodes);
        QueryParser parser =
                new QueryParser(search.queryLimits(dimension, settings.body().toInt()));
        QueryReader reader = new QueryReader(parser);
        SearchRoute searching = new SearchRoute(engine, reader, responses);
        PictureRoutes pictures = new PictureRoutes(sources.originals(), sources.thumbnails(), responses);
        StateRoutes state = new StateRoutes(index, engine.liveRecall(), search, settings, nodes, responses, metrics);
        AdminRoutes administration = new AdminRoutes(
                index, similar, new TakedownReader(settings.body().toInt()), responses);
        ClipRetrievalRoutes clipRetrieval = new ClipRetrievalRoutes(
                index,
                engine,
                sources.thumbnails(),
                new ClipRetrievalReader(
                        search,
                        parser,
                        sources.linked(),
                        index.name(),
                        dimension,
                        settings.body().toInt()),
                index.name(),
                responses,
                metrics);
        byte[] openApi = resource("openapi.json");

        ApiKeys keys = ApiKeys.open(access.keys(), admin.token());
        Doorkeeper doorkeeper = new Doorkeeper(keys, access, metrics::turnedAway);
        PictureTickets tickets = new PictureTickets(keys, Clock.systemUTC());
        Routes routes = new Routes(
                settings, doorkeeper, tickets, admission, responses, metrics, search.timeout(), admin.timeout());
        routes.get("/search", searching);
        routes.post("/search", searching);
        routes.post("/search/batch", new BatchRoute(engine, parser, search.maxBatch(), responses));
        routes.getPicture("/images/{id}", pictures::original);
        routes.getPicture("/thumbnails/{id}", pictures::thumbnail);
        routes.get("/vectors/{id}", new VectorRoute(index, responses));
        routes.post("/session", tickets::give);
        routes.get("/info", state::info);
        routes.postGuarded("/admin/takedown", administration::takedown);
        routes.postGuarded("/admin/restore", administration::restore);
        routes.getGuarded("/admin/takedowns", administration::list);
        routes.postFromAnywhere("/knn-service", clipRetrieval::knn);
        routes.postFromAnywhere("/metadata", clipRetrieval::metadata);
        routes.getFromAnywhere("/indices-list", clipRetrieval::indices);
        // These answer at once and must answer under any load.
        routes.getOpen("/healthz", state::health);
        routes.getOpen("/readyz", state::readiness);
        routes.getAtOnce("/metrics", state::metrics);
        routes.getAtOnce("/metrics-summary", clipRetrieval::summary);
        routes.getAtOnce("/config.json", clipRetrieval::config);
        node.ifPresent(service -> routes.getOpen("/node", new NodeRoute(service, nodeSettings, responses)));
        routes.getOpen("/openapi.json", exchange -> responses.send(exchange, 200, Responses.JSON, openApi));

        Optional<TlsFiles> tls = settings.tls().isOn() ? Optional.of(new TlsFiles(settings.tls())) : Optional.empty();
        tls.ifPresent(metrics::tellEndOf);
        SlowReaders slowReaders = new SlowReaders(metrics::turnedAway);
        GracefulShutdownHandler underWay = new GracefulShutdownHandler(routes.handler());
        EveryRequest everyRequest = new EveryRequest(settings, responses, metrics, slowReaders, underWay);
        Listener listener = Listener.start(
                settings, tls.map(TlsFiles::context), Networks.of(access.proxies()), everyRequest, metrics::turnedAway);
        AccessFollower follower = new AccessFollower();
        follower.followKeys(keys);
        tls.ifPresent(files -> follower.followCertificates(files, listener, node));
        follower.followReaders(slowReaders, settings.writeTimeout().toMillis());
        return new HttpServer(settings, underWay, everyRequest, listener, follower, workers);
    }

    /** Where it listens. */
    public URI address() {
        boolean bareIpv6 = settings.host().contains(":") && !settings.host().startsWith("[");
        String host = bareIpv6 ? "[" + settings.host() + "]" : settings.host();
        String scheme = settings.tls().isOn() ? "https" : "http";
        return URI.create(scheme + "://" + host + ":" + listener.address().getPort());
    }

    @Override
    public void close() {
        everyRequest.stop();
        underWay.shutdown();
        try {
            underWay.awaitShutdown(settings.stopTimeout().toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        follower.close();
        listener.close();
        workers.close();
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
