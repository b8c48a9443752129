package org.imagesearch.server.nodes;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import javax.net.SocketFactory;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.index.CalibrationEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.GenerationSource;
import org.imagesearch.server.tls.TlsClient;

/**
 * Opens generations whose shards are on nodes. Of the index, the broker needs {@code CURRENT}, {@code index.json} and the centroids, and for
 * calibrated answers the background sample.
 * Thread-safe.
 */
public final class RemoteShards implements GenerationSource, AutoCloseable {
    private final IndexDirectory index;
    private final Fingerprint model;
    private final String modelName;
    private final Nodes nodes;
    private final RecentLatencies scans = new RecentLatencies();
    private final RecentLatencies lookups = new RecentLatencies();
    private volatile String served = "";

    private RemoteShards(Path root, Fingerprint model, String modelName, Nodes nodes) {
        this.index = new IndexDirectory(root);
        this.model = model;
        this.modelName = modelName;
        this.nodes = nodes;
        nodes.keepOpen(() -> served);
    }

    /**
     * Begins to look for nodes.
     *
     * @param root the index
     * @param model the model that queries are encoded with
     * @param modelName where that model is, for messages
     * @param sockets what connections are made with
     * @throws org.imagesearch.core.ImageSearchException (input) if an address has another form, or a file of addresses or certificates
     *     cannot be used
     */
    public static RemoteShards start(
            Path root, Fingerprint model, String modelName, NodeSettings settings, SocketFactory sockets) {
        Optional<TlsClient> tls = settings.tls().isOn() ? Optional.of(new TlsClient(settings.tls())) : Optional.empty();
        NodeAddresses addresses = new NodeAddresses(settings.addresses(), root);
        Nodes nodes = Nodes.start(settings, addresses, model, new Dialler(sockets, settings.secret(), tls));
        return new RemoteShards(root, model, modelName, nodes);
    }

    public Nodes nodes() {
        return nodes;
    }

    /**
     * Waits until nodes have every shard of the published generation, or for as long as settings say; a broker that starts before its
     * nodes would answer in part.
     */
    public void await() {
        IndexManifest manifest = index.readManifest(index.currentGeneration());
        Duration most = nodes.settings().await();
        nodes.await(manifest.generation(), manifest.shards().size(), most.toNanos());
    }

    /** Not before as many pictures can be searched in it as in the one that is served. */
    @Override
    public boolean isReady(String name) {
        String before = served;
        return before.isEmpty() || reachable(name) >= reachable(before);
    }

    private double reachable(String name) {
        try {
            IndexManifest manifest = index.readManifest(name);
            long all = manifest.shards().stream().mapToLong(ShardEntry::count).sum();
            long some = manifest.shards().stream()
                    .filter(shard -> nodes.replicas(name).containsKey(shard.number()))
                    .mapToLong(ShardEntry::count)
                    .sum();
            return (double) some / all;
        } catch (RuntimeException e) {
            // Gone, or damaged: opening it will tell.
            return name.equals(served) ? 0 : 1;
        }
    }

    @Override
    public Generation open(String name) {
        Path path = index.generationPath(name);
        IndexManifest manifest = index.readManifest(name);
        manifest.model().requireSame("the index " + path, model, "the model " + modelName);
        index.verify(name, manifest.centroids());
        IvfIndex centroids = IvfIndex.read(path.resolve(manifest.centroids().name()));
        // What is made for searching among them, the first query would wait for.
        centroids.assign(centroids.centroids(), 1, 1, new long[1], new float[1]);
        served = name;
        return new RemoteGeneration(
                manifest,
                new SharedCentroids(centroids),
                background(path, manifest),
                new long[0],
                nodes,
                scans,
                lookups);
    }

    /** Where it was not brought here, queries are answered without it. */
    private Optional<BackgroundSample> background(Path path, IndexManifest manifest) {
        return manifest.calibration()
                .map(CalibrationEntry::sample)
                .filter(sample -> Files.exists(path.resolve(sample.name())))
                .map(sample -> {
                    index.verify(manifest.generation(), sample);
                    return BackgroundSample.read(path.resolve(sample.name()), manifest.dimension());
                });
    }

    @Override
    public void close() {
        nodes.close();
    }
}
