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
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.util.LongAccumulator;
import org.imagesearch.clip.ModelBundle;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;

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

    EmbedJob(
            SparkSession spark,
            EmbedSettings settings,
            ModelBundle bundle,
            ExecutorModel.Location model,
            String output,
            PrintWriter out) {
        this.spark = spark;
        this.settings = settings;
        this.bundle = bundle;
        this.out = out;
        this.folder = DatasetFolder.open(output, spark.sparkContext().hadoopConfiguration());
        this.listing = new Listing(spark, folder);
        this.waves =
                new WaveJob(spark, folder, bundle.fingerprint(), model, settings.forTasks(), settings.taskPictures());
        this.queries = new CaptionQueries(
                spark, folder, bundle.fingerprint(), model, settings.model().encoder());
    }

    /**
     * What a run did.
     *
     * @param manifest the dataset after it
     * @param embedded pictures embedded by this run
     * @param errors failures of this run by {@code stage/error}
     * @param ignored files of the input that are no pictures by name
     */
    record Summary(DatasetManifest manifest, long embedded, Map<String, Long> errors, long ignored) {}

    Summary run(String input, boolean retryFailed) throws IOException {
        try (DatasetLock lock = DatasetLock.take(folder)) {
            folder.recover();
            requireSameModel();
            PictureFiles.Found found = PictureFiles.list(input, hadoop());
            listing.add(found.pictures(), settings.ids(), settings.waveSize(), nextWave());
            DatasetManifest before = describe();
            folder.write(before);
            Work work = new Work(before);
            embedOpenWaves(work);
            if (retryFailed) {
                retry(work);
            }
            long captions = work.changed || !folder.exists(folder.queries()) ? sampleCaptions() : 0;
            if (captions > 0) {
                out.printf("queries: %,d captions through the text encoder%n", captions);
            }
            DatasetManifest after = describe();
            folder.write(after);
            folder.dropStaging();
            return new Summary(after, work.embedded, work.errors, found.ignored());
        }
    }

    /** What the run has done so far. */
    private static final class Work {
        private final Map<String, Long> errors = new TreeMap<>();
        private DatasetManifest manifest;
        private long embedded;
        private boolean changed;

        Work(DatasetManifest manifest) {
            this.manifest = manifest;
        }

        void add(WaveJob.Staged staged) {
            changed = true;
            embedded += staged.embedded();
            staged.errors().forEach((error, count) -> errors.merge(error, count, Long::sum));
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
        LongAccumulator done = spark.sparkContext().longAccumulator("pictures");
        try (Progress progress = new Progress(out, total, done::value)) {
            if (!committed.isEmpty()) {
                progress.say(String.format("going on after %d committed waves", committed.size()));
            }
            for (int wave : open) {
                List<ListedPicture> pictures = listing.read()
                        .filter(functions.col("wave").equalTo(wave))
                        .orderBy("id")
                        .collectAsList();
                WaveJob.Staged staged = waves.run(wave, pictures, done);
                folder.commitWave(wave, staged.images(), staged.failures());
                work.add(staged);
                recordWave(work, staged);
            }
        }
    }

    /** Tries the pictures of failures/ again, in a wave of their own. */
    private void retry(Work work) throws IOException {
        NavigableSet<Integer> retried = folder.wavesWithFailures();
        if (retried.isEmpty()) {
            out.println("nothing to retry: no picture has failed");
            return;
        }
        List<ListedPicture> pictures = new ArrayList<>();
        for (Row row : failedPictures()) {
            ListedPicture picture =
                    new ListedPicture(row.getLong(0), row.getString(1), row.getString(2), row.getInt(3));
            picture.setAttempts(row.getInt(4));
            pictures.add(picture);
        }
        out.printf("trying %,d failed pictures again%n", pictures.size());
        int wave = nextWave();
        LongAccumulator done = spark.sparkContext().longAccumulator("pictures retried");
        try (Progress progress = new Progress(out, pictures.size(), done::value)) {
            WaveJob.Staged staged = waves.run(wave, pictures, done);
            folder.commitRetry(wave, retried, staged.images(), staged.failures());
            work.add(staged);
        }
    }

    private List<Row> failedPictures() throws IOException {
        return spark.read()
                .schema(RowSchemas.FAILURES)
                .parquet(folder.failures().toString())
                .select(DatasetLayout.ID, DatasetLayout.ATTEMPTS)
                .join(listing.read().drop("attempts"), DatasetLayout.ID)
                .select(DatasetLayout.ID, DatasetLayout.URI, "captionUri", "wave", DatasetLayout.ATTEMPTS)
                .orderBy(DatasetLayout.ID)
                .collectAsList();
    }

    private long sampleCaptions() throws IOException {
        return settings.queries() == 0 || folder.committedWaves().isEmpty()
                ? 0
                : queries.write(settings.queries(), settings.seed());
    }

    private void requireSameModel() throws IOException {
        Optional<DatasetManifest> manifest = folder.manifest();
        if (manifest.isPresent()) {
            manifest.get()
                    .model()
                    .requireSame(
                            "the dataset " + folder.root(),
                            bundle.fingerprint(),
                            bundle.directory().toString());
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
    private void recordWave(Work work, WaveJob.Staged staged) throws IOException {
        DatasetManifest now = work.manifest;
        work.manifest = manifest(
                now.listed(), now.embedded() + staged.embedded(), now.failed() + staged.failed(), now.waves() + 1);
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
                Instant.now());
    }

    private Configuration hadoop() {
        return spark.sparkContext().hadoopConfiguration();
    }
}
