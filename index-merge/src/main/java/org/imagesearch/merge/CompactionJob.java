package org.imagesearch.merge;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.index.CalibrationEntry;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.rows.RowStore;
import org.imagesearch.faiss.IvfIndex;

/**
 * Folds the small shards of the published generation together and leaves taken-down pictures out, from the index alone: a new
 * generation under the same centroids. One task per new shard; shards that stay what they are become links. Runs on the
 * driver; used once.
 *
 * <p>The recall curve is taken over: the lists of all shards together hold the same vectors as before but for those taken
 * down, and recall by nprobe depends on nothing else. See docs/adr/0014.
 */
final class CompactionJob {
    private final Supplier<JavaSparkContext> spark;
    private final CompactionRequest request;
    private final Progress progress;
    private final IndexDirectory index;

    /** @param spark asked only if there is something to write */
    CompactionJob(Supplier<JavaSparkContext> spark, CompactionRequest request, Progress progress) {
        this.spark = spark;
        this.request = request;
        this.progress = progress;
        this.index = new IndexDirectory(request.index());
    }

    /** What a task is to write. */
    private record Order(int number, List<ShardEntry> sources) {}

    /**
     * Compacts. If it fails, the published generation is what it was.
     *
     * @throws ImageSearchException (input) if nothing is published there or the shards asked for cannot be made; (data) if
     *     the index is damaged; (resource) if another merge holds the index or it cannot be written
     */
    CompactionSummary run() {
        index.currentGeneration();
        IndexLock lock = IndexLock.acquire(request.index());
        try (lock) {
            IndexManifest published = index.readManifest(index.currentGeneration());
            long[] down = Takedowns.read(request.index());
            List<CompactionPlan.Source> sources = published.shards().stream()
                    .map(shard -> source(published, shard, down))
                    .toList();
            long removed = published.count()
                    - sources.stream()
                            .mapToLong(CompactionPlan.Source::remaining)
                            .sum();
            CompactionPlan plan = request.shards().isPresent()
                    ? CompactionPlan.intoShards(sources, request.shards().getAsInt())
                    : CompactionPlan.ofAtMost(sources, request.picturesPerShard());
            progress.done(
                    Progress.Step.OPENED,
                    String.format(
                            Locale.ROOT,
                            "%s: %,d pictures in %d shards, %,d of them taken down",
                            published.generation(),
                            published.count(),
                            published.shards().size(),
                            removed));
            if (plan.changesNothing(published.shards().size())) {
                return new CompactionSummary(Optional.empty(), 0, 0);
            }
            try (StagedGeneration generation = StagedGeneration.begin(request.index())) {
                IndexManifest manifest = compact(generation, published, plan, down);
                int written = (int) plan.groups().stream()
                        .filter(group -> !group.isUntouched())
                        .count();
                return new CompactionSummary(Optional.of(manifest), written, removed);
            }
        }
    }

    private CompactionPlan.Source source(IndexManifest published, ShardEntry shard, long[] down) {
        try (RowStore rows = RowStore.open(index.generationPath(published.generation())
                .resolve(shard.rows().get(0).name())
                .getParent())) {
            return new CompactionPlan.Source(shard, shard.count() - rows.count(down), rows.canFilter());
        }
    }

    private IndexManifest compact(
            StagedGeneration generation, IndexManifest published, CompactionPlan plan, long[] down) {
        Path current = index.generationPath(published.generation());
        index.verify(published.generation(), published.centroids());
        generation.link(current.resolve(published.centroids().name()), IndexLayout.CENTROIDS);
        Map<Integer, ShardEntry> shards = new HashMap<>();
        List<Order> orders = new ArrayList<>();
        for (int number = 0; number < plan.groups().size(); number++) {
            CompactionPlan.Group group = plan.groups().get(number);
            List<ShardEntry> sources =
                    group.sources().stream().map(CompactionPlan.Source::shard).toList();
            if (group.isUntouched()) {
                shards.put(number, link(generation, current, published, sources.get(0), number));
            } else {
                orders.add(new Order(number, sources));
            }
        }
        write(generation, published, orders, down).forEach(shard -> shards.put(shard.number(), shard));
        List<ShardEntry> inOrder = Stream.iterate(0, number -> number + 1)
                .limit(shards.size())
                .map(shards::get)
                .toList();
        long count = inOrder.stream().mapToLong(ShardEntry::count).sum();
        long expected =
                plan.groups().stream().mapToLong(CompactionPlan.Group::pictures).sum();
        if (count != expected) {
            throw ImageSearchException.data("wrote %d pictures, expected %d", count, expected);
        }
        progress.done(
                Progress.Step.BUILT,
                String.format(
                        Locale.ROOT,
                        "wrote %d shards and linked %d: %,d pictures",
                        orders.size(),
                        inOrder.size() - orders.size(),
                        count));
        IndexManifest manifest = new IndexManifest(
                IndexManifest.FORMAT_VERSION,
                generation.name(),
                published.model(),
                published.modelName(),
                published.dimension(),
                published.metric(),
                published.factory(),
                published.nlist(),
                published.defaultNprobe(),
                published.targetRecall(),
                published.recall(),
                count,
                published.centroids().named(IndexLayout.CENTROIDS),
                published.training(),
                inOrder,
                Instant.now().truncatedTo(ChronoUnit.MILLIS),
                published.measured().or(() -> Optional.of(published.generation())),
                published.drift(),
                published.calibration().flatMap(entry -> withoutDown(generation, current, published, entry, down)));
        generation.complete(manifest);
        progress.done(Progress.Step.COMPLETED, "completed " + generation.name());
        generation.publish();
        progress.done(Progress.Step.PUBLISHED, "published " + generation.name() + " in " + request.index());
        return manifest;
    }

    /** The cutoffs stay: what is taken down is a small part of the pictures. */
    private Optional<CalibrationEntry> withoutDown(
            StagedGeneration generation, Path current, IndexManifest published, CalibrationEntry entry, long[] down) {
        index.verify(published.generation(), entry.sample());
        BackgroundSample sample =
                BackgroundSample.read(current.resolve(entry.sample().name()), published.dimension());
        VectorBlock kept = new VectorBlock(sample.size(), sample.dimension());
        for (int row = 0; row < sample.size(); row++) {
            if (Arrays.binarySearch(down, sample.id(row)) < 0) {
                kept.add(sample.id(row), sample.vector(row), 0);
            }
        }
        if (kept.size() == 0) {
            return Optional.empty();
        }
        if (kept.size() == sample.size()) {
            generation.link(current.resolve(entry.sample().name()), IndexLayout.SAMPLE);
            return Optional.of(new CalibrationEntry(
                    entry.sample().named(IndexLayout.SAMPLE), entry.count(), entry.words(), entry.pictures()));
        }
        kept.trim();
        new BackgroundSample(kept.ids(), kept.exactVectors(), kept.dimension())
                .write(generation.directory().resolve(IndexLayout.SAMPLE));
        generation.force(IndexLayout.SAMPLE);
        return Optional.of(new CalibrationEntry(
                FileEntry.of(generation.directory(), IndexLayout.SAMPLE),
                kept.size(),
                entry.words(),
                entry.pictures()));
    }

    /** Reading what is merely linked would cost more than all else; {@code bin/merge verify} does it when it is wanted. */
    private ShardEntry link(
            StagedGeneration generation, Path current, IndexManifest published, ShardEntry shard, int number) {
        shard.files().forEach(file -> index.verifyQuickly(published.generation(), file));
        FileEntry vectors = shard.index().named(IndexLayout.shardIndex(number));
        List<FileEntry> rows = shard.rows().stream()
                .map(file -> file.named(IndexLayout.shardRows(number) + "/"
                        + Path.of(file.name()).getFileName()))
                .toList();
        generation.link(current.resolve(shard.index().name()), vectors.name());
        for (int i = 0; i < rows.size(); i++) {
            generation.link(
                    current.resolve(shard.rows().get(i).name()), rows.get(i).name());
        }
        Optional<FileEntry> refinement =
                shard.refinement().map(file -> file.named(IndexLayout.shardRefinement(number)));
        refinement.ifPresent(
                file -> generation.link(current.resolve(shard.refinement().get().name()), file.name()));
        return new ShardEntry(number, shard.count(), vectors, rows, refinement);
    }

    private List<ShardEntry> write(
            StagedGeneration generation, IndexManifest published, List<Order> orders, long[] down) {
        if (orders.isEmpty()) {
            return List.of();
        }
        float[] centroids;
        try (IvfIndex trained = IvfIndex.read(generation.directory().resolve(IndexLayout.CENTROIDS))) {
            centroids = trained.centroids();
        }
        JavaSparkContext context = spark.get();
        Broadcast<float[]> sharedCentroids = context.broadcast(centroids);
        Broadcast<long[]> sharedDown = context.broadcast(down);
        String root = request.index().toString();
        String staging = generation.directory().toString();
        String manifest = new String(published.toJson(), StandardCharsets.UTF_8);
        try {
            List<String> results = context.parallelize(
                            orders.stream().map(CompactionJob::encode).toList(), orders.size())
                    .map(encoded -> {
                        Order order = Json.read(encoded.getBytes(StandardCharsets.UTF_8), Order.class, "order");
                        Path folder = AttemptFolders.create(
                                Path.of(staging), TaskContext.get().taskAttemptId());
                        ShardEntry shard = new CompactedShard(
                                        new IndexDirectory(Path.of(root)),
                                        IndexManifest.fromJson(
                                                manifest.getBytes(StandardCharsets.UTF_8), IndexLayout.MANIFEST),
                                        order.sources(),
                                        sharedDown.value())
                                .write(folder, order.number(), sharedCentroids.value());
                        return encode(
                                new AttemptFolders.Written(folder.getFileName().toString(), shard));
                    })
                    .collect();
            return AttemptFolders.keep(
                    generation.directory(),
                    results.stream()
                            .map(result -> Json.read(
                                    result.getBytes(StandardCharsets.UTF_8), AttemptFolders.Written.class, "result"))
                            .toList());
        } finally {
            sharedCentroids.destroy();
            sharedDown.destroy();
        }
    }

    /** Records of the core are written as JSON, here too. */
    private static String encode(Object value) {
        return new String(Json.write(value), StandardCharsets.UTF_8);
    }
}
