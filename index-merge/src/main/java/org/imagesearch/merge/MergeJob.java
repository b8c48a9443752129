package org.imagesearch.merge;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.index.CalibrationEntry;
import org.imagesearch.core.index.Drift;
import org.imagesearch.core.index.FileEntry;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexFactory;
import org.imagesearch.core.index.IndexLayout;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.ShardEntry;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.core.index.TrainingEntry;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.faiss.Clusters;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.KMeans;
import org.imagesearch.faiss.KMeansOptions;

/** One merge from dataset to published generation. Runs on the driver; used once. */
final class MergeJob {
    /** As many as ranges and codebooks of 256 entries take. */
    private static final int CODEC_TRAINING_POINTS = 1 << 16;

    private final JavaSparkContext spark;
    private final MergeRequest request;
    private final MergeSettings settings;
    private final Progress progress;
    private final Broadcast<SerializableConfiguration> hadoop;

    private EmbeddingDataset dataset;
    private InputFormat format;
    private List<List<FileSlice>> tasks;
    private long[] down;

    MergeJob(JavaSparkContext spark, MergeRequest request, Progress progress) {
        this.spark = spark;
        this.request = request;
        this.settings = request.settings();
        this.progress = progress;
        this.hadoop = spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /** Centroids and what is already under them. */
    @SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
    private record Base(
            IndexFactory factory,
            float[] centroids,
            Optional<TrainingEntry> training,
            List<ShardEntry> shards,
            Optional<Drift> drift) {}

    /**
     * Runs the merge. If it fails, the published generation is what it was.
     *
     * @throws ImageSearchException (input) for a dataset or index that cannot be used; (data) for one that is damaged;
     *     (resource) if another merge holds the index
     */
    MergeSummary run() {
        dataset = EmbeddingDataset.open(request.embeddings(), spark.hadoopConfiguration());
        format = dataset.format(settings.batch());
        tasks = dataset.imageTasks(settings.split().count());
        Path index = request.index();
        IndexLock lock = IndexLock.acquire(index);
        try (lock) {
            // As of now: what is taken down while this runs, servers leave out, and the next compaction removes.
            down = Takedowns.read(index);
            Optional<IndexManifest> published = published(index);
            published.ifPresent(this::requireSameModel);
            progress.done(
                    Progress.Step.OPENED,
                    String.format(
                            "dataset %s: %,d pictures, %d dimensions, model %s",
                            dataset.root(),
                            dataset.manifest().embedded(),
                            format.dimension(),
                            dataset.manifest().modelName()));
            try (StagedGeneration generation = StagedGeneration.begin(index)) {
                return request.add()
                        ? add(
                                generation,
                                published.orElseThrow(() -> ImageSearchException.input(
                                        "there is no published index in %s to add to", index)))
                        : build(generation);
            }
        } finally {
            hadoop.destroy();
        }
    }

    private static Optional<IndexManifest> published(Path index) {
        if (!Files.exists(index.resolve(IndexLayout.CURRENT))) {
            return Optional.empty();
        }
        IndexDirectory directory = new IndexDirectory(index);
        return Optional.of(directory.readManifest(directory.currentGeneration()));
    }

    /** A server follows an index with one model; another model needs an index of its own. */
    private void requireSameModel(IndexManifest published) {
        dataset.manifest()
                .model()
                .requireSame("the dataset " + dataset.root(), published.model(), "the index " + request.index());
        if (published.dimension() != format.dimension()) {
            throw ImageSearchException.data(
                    "the dataset %s has %d dimensions, the index %s has %d",
                    dataset.root(), format.dimension(), request.index(), published.dimension());
        }
    }

    private MergeSummary build(StagedGeneration generation) {
        long pictures = dataset.manifest().embedded();
        IndexFactory wanted = settings.wanted().orElse(IndexFactory.parse("IVF,Flat"));
        wanted.codec().requireDimension(format.dimension());
        IndexSize size = IndexSize.choose(pictures, format.dimension(), settings);
        // What does not fit should not be found out after everything was read.
        long drawnBytes = (long) (size.heldOut() + size.trainingPoints()) * format.dimension() * Float.BYTES;
        TrainingMemory.requireFits(drawnBytes, Runtime.getRuntime().maxMemory());
        int queryCount = size.queries(pictures, settings);
        Exclusions excluded = new Exclusions(List.of(), down);
        Census census = census(excluded);
        Sample sample = draw(census, size.heldOut() + size.trainingPoints(), queryCount);
        // The sample is as large as memory allows: the queries alone are copied out of it, and lie behind what is
        // trained on.
        int drawn = sample.pictures().size();
        int training = Math.max(0, drawn - size.heldOut());
        VectorBlock queries = size.heldOut() > 0
                ? sample.pictures().slice(training, drawn)
                : sample.pictures().slice(0, Math.min(queryCount, drawn));
        VectorBlock background = sample.pictures().slice(0, Math.min(BackgroundSample.MOST, drawn));
        size.warnings().forEach(warning -> progress.done(Progress.Step.SAMPLED, warning));

        Clusters clusters = train(sample.pictures(), training, size.nlist());
        IndexFactory factory = wanted.withNlist(size.nlist());
        try (IvfIndex empty = trainCodec(sample.pictures(), training, factory, clusters.centroids())) {
            empty.write(generation.directory().resolve(IndexLayout.CENTROIDS));
        }
        generation.force(IndexLayout.CENTROIDS);
        TrainingEntry entry = new TrainingEntry(
                training, clusters.iterations(), settings.seed(), clusters.objective(), clusters.imbalance());
        Base base = new Base(factory, clusters.centroids(), Optional.of(entry), List.of(), Optional.empty());
        return finish(generation, base, write(generation, base, size.shards(), census, excluded), queries, background);
    }

    private MergeSummary add(StagedGeneration generation, IndexManifest published) {
        if (settings.nlist() != 0 && settings.nlist() != published.nlist()) {
            throw ImageSearchException.input(
                    "nlist is %d, but the index %s has %d: what is added uses its centroids",
                    settings.nlist(), request.index(), published.nlist());
        }
        IndexFactory factory = IndexFactory.parse(published.factory());
        if (settings.wanted().isPresent()
                && !settings.wanted().get().withNlist(published.nlist()).equals(factory)) {
            throw ImageSearchException.input(
                    "the factory is %s, but the index %s has %s: what is added is held like it",
                    settings.factory(), request.index(), factory);
        }
        Path current = request.index().resolve(published.generation());
        List<String> publishedRows = published.shards().stream()
                .map(shard ->
                        current.resolve(IndexLayout.shardRows(shard.number())).toString())
                .toList();
        Exclusions excluded = new Exclusions(publishedRows, down);
        Census census = census(excluded);
        if (census.wanted() == 0) {
            return new MergeSummary(Optional.empty(), 0);
        }
        int queryCount = settings.measuring().pictures();
        Sample sample = draw(census, queryCount, BackgroundSample.MOST);
        Base base = link(generation, published, current);
        List<ShardEntry> written =
                write(generation, base, IndexSize.shards(census.wanted(), settings), census, excluded);
        // What is measured must be in the index, and every picture of the dataset that is not taken down is now.
        VectorBlock queries = sample.pictures()
                .slice(0, Math.min(queryCount, sample.pictures().size()));
        return finish(
                generation,
                base,
                written,
                queries,
                background(published, current, sample.pictures(), count(base.shards()) + count(written)));
    }

    /** Pictures of the dataset, and where it has not all of the index, of the published background in proportion. */
    private VectorBlock background(IndexManifest published, Path current, VectorBlock drawn, long count) {
        long embedded = dataset.manifest().embedded();
        int fromDataset = (int)
                Math.min(drawn.size(), Math.ceil((double) BackgroundSample.MOST * Math.min(embedded, count) / count));
        VectorBlock mixed = drawn.slice(0, Math.min(fromDataset, BackgroundSample.MOST));
        if (embedded < count && published.calibration().isPresent()) {
            BackgroundSample old = BackgroundSample.read(
                    current.resolve(published.calibration().get().sample().name()), format.dimension());
            Set<Long> taken = new HashSet<>();
            for (int row = 0; row < mixed.size(); row++) {
                taken.add(mixed.id(row));
            }
            for (int row = 0; row < old.size() && mixed.size() < BackgroundSample.MOST; row++) {
                if (taken.add(old.id(row)) && Arrays.binarySearch(down, old.id(row)) < 0) {
                    mixed.add(old.id(row), old.vector(row), 0);
                }
            }
        }
        return mixed;
    }

    private Sample draw(Census census, int count, int queries) {
        Sample sample = Sample.draw(
                spark,
                census,
                format,
                hadoop,
                dataset.manifest().embedded(),
                Math.max(count, queries),
                settings.split().count(),
                settings.seed());
        if (sample.seen() != dataset.manifest().embedded()) {
            throw ImageSearchException.data(
                    "the dataset %s has %d pictures in its files, but dataset.json says %d: run bin/embed on it again",
                    dataset.root(), sample.seen(), dataset.manifest().embedded());
        }
        progress.done(
                Progress.Step.SAMPLED,
                String.format(
                        "read and checked %,d embeddings, drew %,d",
                        sample.seen(), sample.pictures().size()));
        sample.pictures().removeIf(id -> Arrays.binarySearch(down, id) >= 0);
        return sample;
    }

    /** Trains on the first {@code count} vectors of a sample. */
    private Clusters train(VectorBlock sample, int count, int nlist) {
        if (count < nlist) {
            throw ImageSearchException.data("%d training vectors are too few for %d centroids", count, nlist);
        }
        KMeansOptions options = new KMeansOptions(
                settings.training().iterations(),
                settings.seed(),
                KMeansOptions.LEAST_GAIN,
                Runtime.getRuntime().availableProcessors());
        Clusters clusters = KMeans.train(sample.vectors(), count, format.dimension(), nlist, options);
        progress.done(
                Progress.Step.TRAINED,
                String.format(
                        "trained %,d centroids on %,d pictures in %d iterations: mean inner product %.4f, imbalance %.2f, %d empty lists repaired",
                        nlist,
                        count,
                        clusters.iterations(),
                        clusters.objective(),
                        clusters.imbalance(),
                        clusters.repaired()));
        return clusters;
    }

    /** The index without vectors; its codec is trained on the first {@code count} vectors of a sample. */
    private IvfIndex trainCodec(VectorBlock sample, int count, IndexFactory factory, float[] centroids) {
        int points = Math.min(count, CODEC_TRAINING_POINTS);
        return IvfIndex.trained(
                centroids,
                factory.nlist().orElseThrow(),
                format.dimension(),
                factory.codec(),
                factory.isExact() ? new float[0] : Arrays.copyOf(sample.vectors(), points * format.dimension()),
                factory.isExact() ? 0 : points,
                Runtime.getRuntime().availableProcessors());
    }

    /** Which rows there are, each with an id of its own, and which are to be written. */
    private Census census(Exclusions excluded) {
        return Census.take(
                spark,
                tasks,
                format,
                hadoop,
                ShardParts.rowsPerRun(dataset.manifest().embedded()),
                excluded);
    }

    private Base link(StagedGeneration generation, IndexManifest published, Path current) {
        generation.link(current.resolve(published.centroids().name()), IndexLayout.CENTROIDS);
        new IndexDirectory(request.index()).verify(published.generation(), published.centroids());
        for (ShardEntry shard : published.shards()) {
            shard.files().forEach(file -> generation.link(current.resolve(file.name()), file.name()));
        }
        try (IvfIndex centroids = IvfIndex.read(generation.directory().resolve(IndexLayout.CENTROIDS))) {
            return new Base(
                    IndexFactory.parse(published.factory()),
                    centroids.centroids(),
                    published.training(),
                    published.shards(),
                    published.drift());
        }
    }

    private List<ShardEntry> write(
            StagedGeneration generation, Base base, int shards, Census census, Exclusions excluded) {
        BuildPlan plan = new BuildPlan(
                generation.directory().toString(),
                format,
                base.factory().toString(),
                settings.candidatesPerHit(base.factory().codec()),
                base.shards().size(),
                excluded,
                settings.build().memory().count());
        Broadcast<float[]> centroids = spark.broadcast(base.centroids());
        try {
            List<ShardEntry> written = ShardBuilder.build(
                    spark, ShardParts.deal(census.runs(), shards, settings.seed()), plan, centroids, hadoop);
            progress.done(
                    Progress.Step.BUILT,
                    String.format("wrote %,d pictures to %d shards", count(written), written.size()));
            return written;
        } finally {
            centroids.destroy();
        }
    }

    private MergeSummary finish(
            StagedGeneration generation,
            Base base,
            List<ShardEntry> written,
            VectorBlock pictures,
            VectorBlock background) {
        List<ShardEntry> shards = new ArrayList<>(base.shards());
        shards.addAll(written);
        long count = count(shards);
        long expected = dataset.manifest().embedded();
        if (base.shards().isEmpty() && (count > expected || count < expected - down.length)) {
            throw ImageSearchException.data(
                    "wrote %d pictures, but the dataset has %d, of which at most %d are taken down",
                    count, expected, down.length);
        }
        VectorBlock words = Captions.draw(
                dataset.querySlices(),
                format,
                spark.hadoopConfiguration(),
                settings.measuring().words(),
                settings.seed());
        Measurement measurement = Measurement.run(
                spark,
                request.index(),
                generation.directory(),
                base.factory(),
                base.centroids(),
                shards,
                base.shards().size(),
                pictures,
                words,
                queries -> exactNeighbours(queries, count));
        RecallCurve curve = measurement.recall();
        int nprobe = curve.leastNprobe(settings.targetRecall());
        Optional<CalibrationEntry> calibration =
                calibrate(generation, background, pictures, words, measurement.captioned());
        Optional<Drift> drift = base.shards().isEmpty()
                ? Optional.empty()
                : Optional.of(DriftAdvice.of(base.drift(), measurement.takenOver(), measurement.written()));
        IndexManifest manifest = new IndexManifest(
                IndexManifest.FORMAT_VERSION,
                generation.name(),
                dataset.manifest().model(),
                dataset.manifest().modelName(),
                format.dimension(),
                IndexManifest.METRIC,
                base.factory().toString(),
                base.factory().nlist().orElseThrow(),
                nprobe,
                settings.targetRecall(),
                curve.points(nprobe),
                count,
                FileEntry.of(generation.directory(), IndexLayout.CENTROIDS),
                base.training(),
                shards,
                Instant.now().truncatedTo(ChronoUnit.MILLIS),
                Optional.empty(),
                drift,
                calibration);
        progress.done(
                Progress.Step.MEASURED,
                "recall@" + RecallCurve.K + " of " + pictures.size() + " pictures and " + words.size() + " captions:\n"
                        + RecallTable.render(manifest));
        RecallTable.warning(manifest).ifPresent(warning -> progress.done(Progress.Step.MEASURED, warning));
        calibration.ifPresent(found -> progress.done(Progress.Step.MEASURED, Cutoffs.text(found)));
        drift.ifPresent(found -> progress.done(Progress.Step.MEASURED, DriftAdvice.text(found)));
        generation.complete(manifest);
        progress.done(Progress.Step.COMPLETED, "completed " + generation.name());
        generation.publish();
        progress.done(Progress.Step.PUBLISHED, "published " + generation.name() + " in " + request.index());
        return new MergeSummary(Optional.of(manifest), count(written));
    }

    /** Writes what scores are compared with, and measures where hits stand out from it. */
    private Optional<CalibrationEntry> calibrate(
            StagedGeneration generation,
            VectorBlock background,
            VectorBlock pictures,
            VectorBlock words,
            VectorBlock captioned) {
        if (background.size() == 0) {
            return Optional.empty();
        }
        background.trim();
        BackgroundSample sample =
                new BackgroundSample(background.ids(), background.exactVectors(), background.dimension());
        sample.write(generation.directory().resolve(IndexLayout.SAMPLE));
        generation.force(IndexLayout.SAMPLE);
        return Optional.of(new CalibrationEntry(
                FileEntry.of(generation.directory(), IndexLayout.SAMPLE),
                sample.size(),
                Cutoffs.ofWords(sample, words, captioned),
                Cutoffs.ofPictures(sample, words, captioned, pictures)));
    }

    /** From the dataset, which must have every picture of the index: where it has not, their codes are all there is. */
    private NearestPictures exactNeighbours(VectorBlock queries, long count) {
        ExactNeighbours exact = ExactNeighbours.find(spark, tasks, format, hadoop, queries, RecallCurve.K + 1, down);
        if (exact.pictures() + down.length < count) {
            throw ImageSearchException.input(
                    "the index has %d pictures, the dataset %s only %d of them: recall of codes is measured against the dataset's"
                            + " own embeddings; give all of them, or build the index with ,RFlat or ,Refine(SQfp16)",
                    count, dataset.root(), exact.pictures());
        }
        return exact.nearest();
    }

    private static long count(List<ShardEntry> shards) {
        return shards.stream().mapToLong(ShardEntry::count).sum();
    }
}
