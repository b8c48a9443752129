package org.imagesearch.embed;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.embed.EmbedSettings.TaskSettings;

/** One run over a dataset: list, embed what no committed wave holds, sample captions. Runs on the driver. */
final class EmbedJob {
    private final SparkSession spark;
    private final EmbedSettings settings;
    private final ModelBundle bundle;
    private final DatasetFolder folder;
    private final Listing listing;
    private final WaveJob waves;
    private final CaptionQueries queries;
    private final PrintWriter out;

    /** A job that embeds. */
    EmbedJob(
            SparkSession spark,
            EmbedSettings settings,
            ModelBundle bundle,
            ExecutorModel.Location model,
            String output,
            PrintWriter out) {
        this(spark, settings, bundle, model, embedding(model, settings.forTasks()), output, out);
    }

    /**
     * A job that comes by its embeddings in another way.
     *
     * @param model for captions
     * @param source of the embeddings
     */
    EmbedJob(
            SparkSession spark,
            EmbedSettings settings,
            ModelBundle bundle,
            ExecutorModel.Location model,
            TaskRows.Source source,
            String output,
            PrintWriter out) {
        this.spark = spark;
        this.settings = settings;
        this.bundle = bundle;
        this.out = out;
        // Types travel unchanged: Spark would write a point in time as INT96, and refuse dates before 1900.
        spark.conf().set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS");
        spark.conf().set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED");
        spark.conf().set("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED");
        this.folder = DatasetFolder.open(output, spark.sparkContext().hadoopConfiguration());
        this.listing = new Listing(spark, folder);
        this.waves = new WaveJob(spark, folder, listing, bundle.fingerprint(), source, settings.taskPictures());
        this.queries = new CaptionQueries(spark, folder, bundle.fingerprint(), model, settings.forTasks());
    }

    private static TaskRows.Source embedding(ExecutorModel.Location model, TaskSettings settings) {
        return (pictures, configuration, done, failures) -> new PictureRows(
                pictures,
                new PictureContents(settings, configuration),
                ExecutorModel.images(model, settings),
                done,
                failures);
    }

    /**
     * What a run did.
     *
     * @param manifest the dataset after it
     * @param embedded pictures embedded by this run
     * @param seconds from the first picture's outcome to the last one's
     * @param errors failures of this run by {@code stage/error}
     * @param ignored files of the input that are no pictures by name
     * @param unnameable files and folders of the input whose names Java cannot decode
     */
    record Summary(
            DatasetManifest manifest,
            long embedded,
            double seconds,
            Map<String, Long> errors,
            long ignored,
            long unnameable) {}

    /** Embeds the pictures of inputs. */
    Summary run(List<String> inputs, boolean retryFailed) throws IOException {
        return run(known -> new InputPictures(spark, settings, folder.root(), known).find(inputs), retryFailed);
    }

    /** @param input finds the pictures, given the own columns that the dataset has */
    Summary run(Function<StructType, FoundPictures> input, boolean retryFailed) throws IOException {
        try (DatasetLock lock = DatasetLock.take(folder)) {
            folder.recover();
            requireSameMaking();
            FoundPictures found = input.apply(listing.ownColumns());
            found.remarks().forEach(out::println);
            Listing.Added added = listing.add(found, settings.ids(), settings.waveSize(), nextWave());
            if (added.repeated() > 0) {
                out.printf(Locale.ROOT, "%,d pictures are in the input more than once%n", added.repeated());
            }
            // Nothing else is kept as a table.
            spark.catalog().clearCache();
            DatasetManifest before = describe();
            folder.write(before);
            Work work = new Work(lock, before);
            spark.sparkContext().register(work.done, "pictures");
            // What fails in this run was tried in this run.
            NavigableSet<Integer> retried = folder.wavesWithFailures();
            embedOpenWaves(work);
            if (retryFailed) {
                retry(work, retried);
            }
            sampleCaptions();
            DatasetManifest after = describe();
            folder.write(after);
            folder.dropStaging();
            return new Summary(
                    after,
                    work.embedded,
                    work.done.value().seconds(),
                    work.tally.errors(),
                    found.ignored(),
                    found.unnameable());
        }
    }

    /** What the run has done so far. */
    private static final class Work {
        private final DatasetLock lock;
        private final RunTally tally = new RunTally();
        private final PictureCount done = new PictureCount();
        private DatasetManifest manifest;
        private long embedded;

        Work(DatasetLock lock, DatasetManifest manifest) {
            this.lock = lock;
            this.manifest = manifest;
        }

        void add(WaveJob.Staged staged) {
            embedded += staged.embedded();
            tally.add(staged.embedded() + staged.failures().size(), staged.failures());
        }
    }

    private void embedOpenWaves(Work work) throws IOException {
        TreeSet<Integer> open = new TreeSet<>(
                listing.read().select("wave").distinct().as(Encoders.INT()).collectAsList());
        NavigableSet<Integer> committed = folder.committedWaves();
        open.removeAll(committed);
        if (open.isEmpty()) {
            return;
        }
        long total = listing.read()
                .filter(functions.col("wave").isInCollection(open))
                .count();
        PictureCount done = work.done;
        try (Progress progress = new Progress(out, total, () -> done.value().pictures())) {
            if (!committed.isEmpty()) {
                progress.say(String.format("going on after %d committed waves", committed.size()));
            }
            for (int wave : open) {
                List<ListedPicture> pictures = listing.read()
                        .filter(functions.col("wave").equalTo(wave))
                        .orderBy("id")
                        .collectAsList();
                WaveJob.Staged staged = waves.run(
                        wave,
                        pictures,
                        done,
                        (tried, failed) -> work.tally.excess(settings.failureLimit(), total, tried, failed));
                work.lock.requireHeld();
                folder.markQueriesStale();
                folder.commitWave(wave, staged.images(), staged.failureFile());
                work.add(staged);
                recordWave(work, staged, 0);
            }
        }
    }

    /** Tries the pictures of failures/ again, in waves of their own. */
    private void retry(Work work, NavigableSet<Integer> retried) throws IOException {
        if (retried.isEmpty()) {
            out.println("nothing to retry: no picture has failed");
            return;
        }
        SortedMap<Integer, Long> failed = failuresByWave();
        failed.keySet().retainAll(retried);
        long total = failed.values().stream().mapToLong(Long::longValue).sum();
        out.printf(Locale.ROOT, "trying %,d failed pictures again%n", total);
        PictureCount done = work.done;
        long before = done.value().pictures();
        try (Progress progress = new Progress(out, total, () -> done.value().pictures() - before)) {
            for (List<Integer> group : groups(failed, settings.waveSize())) {
                List<ListedPicture> pictures = failedPictures(group);
                int wave = nextWave();
                // What failed before may fail again: that is no news, and no limit is set to it.
                WaveJob.Staged staged = waves.run(wave, pictures, done, (tried, failures) -> Optional.empty());
                work.lock.requireHeld();
                folder.markQueriesStale();
                folder.commitRetry(wave, group, staged.images(), staged.failureFile());
                work.add(staged);
                recordWave(work, staged, pictures.size());
            }
        }
    }

    private SortedMap<Integer, Long> failuresByWave() {
        SortedMap<Integer, Long> failed = new TreeMap<>();
        spark.read()
                .schema(RowSchemas.FAILURES)
                .parquet(folder.failures().toString())
                .groupBy(functions.input_file_name())
                .count()
                .collectAsList()
                .forEach(row -> failed.put(DatasetFolder.waveOfFailures(new Path(row.getString(0))), row.getLong(1)));
        return failed;
    }

    /** Cuts waves with failures into groups of at most so many failures, or of one wave. */
    static List<List<Integer>> groups(SortedMap<Integer, Long> failed, long limit) {
        List<List<Integer>> groups = new ArrayList<>();
        long room = 0;
        for (Map.Entry<Integer, Long> wave : failed.entrySet()) {
            room -= wave.getValue();
            if (groups.isEmpty() || room < 0) {
                groups.add(new ArrayList<>());
                room = limit - wave.getValue();
            }
            groups.get(groups.size() - 1).add(wave.getKey());
        }
        return groups;
    }

    private List<ListedPicture> failedPictures(List<Integer> failedWaves) throws IOException {
        String[] failures = failedWaves.stream()
                .map(wave -> folder.failuresOfWave(wave).toString())
                .toArray(String[]::new);
        return spark.read()
                .schema(RowSchemas.FAILURES)
                .parquet(failures)
                .select(DatasetLayout.ID, DatasetLayout.URI, DatasetLayout.ATTEMPTS)
                // Outer: a picture that the listing has lost is tried all the same.
                .join(listing.read().drop(DatasetLayout.URI, DatasetLayout.ATTEMPTS), DatasetLayout.ID, "left")
                .withColumn("wave", functions.coalesce(functions.col("wave"), functions.lit(0)))
                .orderBy(DatasetLayout.ID)
                .as(Encoders.bean(ListedPicture.class))
                .collectAsList();
    }

    /** Makes queries/ if there is none, or another that fits what was committed since. */
    private void sampleCaptions() throws IOException {
        boolean wanted = settings.queries() > 0 && !folder.committedWaves().isEmpty();
        if (wanted && (folder.areQueriesStale() || !folder.exists(folder.queries()))) {
            long captions = queries.write(settings.queries(), settings.seed());
            if (captions > 0) {
                out.printf(Locale.ROOT, "queries: %,d captions through the text encoder%n", captions);
            }
            folder.markQueriesFresh();
        }
    }

    private void requireSameMaking() throws IOException {
        Optional<DatasetManifest> manifest = folder.manifest();
        if (manifest.isPresent()) {
            manifest.get()
                    .model()
                    .requireSame(
                            "the dataset " + folder.root(),
                            bundle.fingerprint(),
                            bundle.directory().toString());
            boolean fastDecode = settings.picture().fastDecode();
            if (manifest.get().fastDecode() != fastDecode) {
                throw ImageSearchException.data(
                        "the dataset %s was made %s --fast-decode, which changes embeddings; this run is %s it",
                        folder.root(), fastDecode ? "without" : "with", fastDecode ? "with" : "without");
            }
        }
    }

    /** The first wave that neither the listing nor a commit has used. */
    private int nextWave() throws IOException {
        Row last = listing.read().agg(functions.max("wave")).head();
        int listed = last.isNullAt(0) ? -1 : last.getInt(0);
        NavigableSet<Integer> committed = folder.committedWaves();
        return 1 + Math.max(listed, committed.isEmpty() ? -1 : committed.last());
    }

    /** Between waves, what the wave added; the counts are read from the files once at the start and once at the end. */
    private void recordWave(Work work, WaveJob.Staged staged, long retried) throws IOException {
        DatasetManifest now = work.manifest;
        work.manifest = manifest(
                now.listed(),
                now.embedded() + staged.embedded(),
                now.failed() - retried + staged.failures().size(),
                now.waves() + 1);
        folder.write(work.manifest);
    }

    private DatasetManifest describe() throws IOException {
        NavigableSet<Integer> committed = folder.committedWaves();
        long embedded = committed.isEmpty()
                ? 0
                : spark.read()
                        .schema(RowSchemas.images(bundle.fingerprint()))
                        .parquet(folder.images().toString())
                        .count();
        long failed = folder.wavesWithFailures().isEmpty()
                ? 0
                : spark.read()
                        .schema(RowSchemas.FAILURES)
                        .parquet(folder.failures().toString())
                        .count();
        return manifest(listing.read().count(), embedded, failed, committed.size());
    }

    private DatasetManifest manifest(long listed, long embedded, long failed, int committedWaves) {
        return new DatasetManifest(
                DatasetManifest.FORMAT_VERSION,
                bundle.fingerprint(),
                bundle.name(),
                bundle.dimension(),
                true,
                listed,
                embedded,
                failed,
                settings.waveSize(),
                committedWaves,
                settings.ids().name().toLowerCase(Locale.ROOT),
                settings.picture().fastDecode(),
                Instant.now());
    }
}
