package org.imagesearch.server;

import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import javax.net.SocketFactory;
import org.imagesearch.clip.EncoderSettings;
import org.imagesearch.clip.GoldenVectors;
import org.imagesearch.clip.ImageEncoder;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.clip.Preprocessor;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.server.http.HttpServer;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.nodes.NodeService;
import org.imagesearch.server.nodes.RemoteShards;
import org.imagesearch.server.pictures.LinkedPictures;
import org.imagesearch.server.pictures.OriginalPictures;
import org.imagesearch.server.pictures.PictureReader;
import org.imagesearch.server.pictures.Pictures;
import org.imagesearch.server.pictures.Thumbnails;
import org.imagesearch.server.search.QueryEncoder;
import org.imagesearch.server.search.SearchEngine;
import org.imagesearch.server.search.SimilarPictures;
import org.imagesearch.server.shards.LocalShards;
import org.imagesearch.server.shards.ShardScans;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The whole server: a model, an index and HTTP, put together here and taken apart in the opposite order. */
final class SearchServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SearchServer.class);

    private final Deque<AutoCloseable> parts;
    private final ServedIndex index;
    private final HttpServer http;

    private SearchServer(Deque<AutoCloseable> parts, ServedIndex index, HttpServer http) {
        this.parts = parts;
        this.index = index;
        this.http = http;
    }

    /**
     * Starts a server; when this returns, it answers queries. Until the index is open, it says that it is not ready.
     *
     * @param index the index
     * @param model the model bundle
     * @throws ImageSearchException (input) naming both fingerprints, if the index was made with another model; also if the
     *     model or the index cannot be used, or the port is taken. Nothing stays behind
     */
    static SearchServer start(Path index, Path model, ServeSettings settings) {
        Deque<AutoCloseable> parts = new ArrayDeque<>();
        try {
            return start(index, model, settings, parts);
        } catch (RuntimeException e) {
            close(parts);
            throw e;
        }
    }

    private static SearchServer start(Path root, Path model, ServeSettings settings, Deque<AutoCloseable> parts) {
        ModelBundle bundle = ModelBundle.open(model);
        requireModelOf(root, model, bundle);
        Served served = settings.nodes().addresses().isEmpty()
                ? withOwnShards(root, bundle, model, settings, parts)
                : withNodes(root, bundle, model, settings, parts);
        ServedIndex index = served.index();
        // Files are waited for while the model is made ready; for nodes, only when everything else is.
        Optional<Opening> opening =
                served.remote().isEmpty() ? Optional.of(pushed(parts, Opening.of(index))) : Optional.empty();
        EncoderSettings encoder = settings.model().encoder();
        TextEncoder texts = pushed(parts, TextEncoder.open(bundle, encoder));
        ImageEncoder images = pushed(parts, ImageEncoder.open(bundle, encoder));
        GoldenVectors.verify(bundle, images, texts);
        PictureReader pictures = new PictureReader(settings.picture());
        Preprocessor preprocessor = new Preprocessor(bundle.image());
        QueryEncoder queries = pushed(
                parts,
                new QueryEncoder(
                        texts,
                        images,
                        preprocessor,
                        pictures,
                        settings.search().textCache(),
                        settings.model().batch(),
                        settings.model().queue()));
        SearchEngine engine = pushed(parts, new SearchEngine(index, queries, settings.search(), bundle.logitScale()));
        SimilarPictures similar = new SimilarPictures(index, queries);
        OriginalPictures originals = new OriginalPictures(index);
        Thumbnails thumbnails = new Thumbnails(originals, pictures, settings.picture());
        LinkedPictures linked = pushed(
                parts,
                new LinkedPictures(
                        settings.picture().links(), settings.picture().bytes()));
        HttpServer http = pushed(
                parts,
                HttpServer.start(
                        settings.http(),
                        settings.access(),
                        settings.admin(),
                        index,
                        engine,
                        similar,
                        settings.search(),
                        new Pictures(originals, thumbnails, linked),
                        served.node(),
                        served.remote().map(RemoteShards::nodes),
                        settings.nodes(),
                        bundle.dimension()));
        served.remote().ifPresent(nodes -> {
            nodes.await();
            index.open();
        });
        opening.ifPresent(Opening::await);
        return new SearchServer(parts, index, http);
    }

    /** What is served, and either what makes this server a node or what makes it a broker. */
    private record Served(ServedIndex index, Optional<NodeService> node, Optional<RemoteShards> remote) {}

    /** The opening of the index on a thread of its own. Closing waits for its end, and thereby for what it holds. */
    private record Opening(CompletableFuture<Void> opened) implements AutoCloseable {
        static Opening of(ServedIndex index) {
            return new Opening(
                    CompletableFuture.runAsync(index::open, task -> new Thread(task, "index-opening").start()));
        }

        /** @throws RuntimeException as {@link ServedIndex#open} does */
        void await() {
            try {
                opened.join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof RuntimeException failure) {
                    throw failure;
                }
                throw e;
            }
        }

        @Override
        public void close() {
            opened.handle((nothing, failure) -> null).join();
        }
    }

    private static Served withOwnShards(
            Path root, ModelBundle bundle, Path model, ServeSettings settings, Deque<AutoCloseable> parts) {
        ShardScans scans = pushed(
                parts,
                new ShardScans(
                        settings.search().scanThreads(), settings.search().queue()));
        LocalShards shards = new LocalShards(root, bundle.fingerprint(), model.toString(), settings.index(), scans);
        ServedIndex index =
                pushed(parts, new ServedIndex(root, shards, settings.index().poll()));
        NodeService node = pushed(
                parts,
                new NodeService(
                        index, bundle.fingerprint(), scans, settings.http().slowRequest()));
        return new Served(index, Optional.of(node), Optional.empty());
    }

    private static Served withNodes(
            Path root, ModelBundle bundle, Path model, ServeSettings settings, Deque<AutoCloseable> parts) {
        if (!settings.index().shards().isBlank()) {
            throw ImageSearchException.input(
                    "--shards %s and --nodes are both given: a server has shards, or asks nodes that have them",
                    settings.index().shards());
        }
        RemoteShards shards = pushed(
                parts,
                RemoteShards.start(
                        root, bundle.fingerprint(), model.toString(), settings.nodes(), SocketFactory.getDefault()));
        ServedIndex index =
                pushed(parts, new ServedIndex(root, shards, settings.index().poll()));
        return new Served(index, Optional.empty(), Optional.of(shards));
    }

    /** The commonest mistake, a wrong model, is told before anything large is read. */
    private static void requireModelOf(Path root, Path model, ModelBundle bundle) {
        IndexDirectory directory = new IndexDirectory(root);
        Fingerprint indexed =
                directory.readManifest(directory.currentGeneration()).model();
        if (!indexed.equals(bundle.fingerprint())) {
            throw ImageSearchException.input(
                    "the index %s was made with the model %s, but %s is %s",
                    root, indexed, model, bundle.fingerprint());
        }
    }

    URI address() {
        return http.address();
    }

    ServedIndex index() {
        return index;
    }

    private static <T extends AutoCloseable> T pushed(Deque<AutoCloseable> parts, T part) {
        parts.push(part);
        return part;
    }

    @Override
    public void close() {
        close(parts);
    }

    private static void close(Deque<AutoCloseable> parts) {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (Exception e) {
                // The parts below must be closed all the same.
                LOG.error("cannot close a part of the server", e);
            }
        }
    }
}
