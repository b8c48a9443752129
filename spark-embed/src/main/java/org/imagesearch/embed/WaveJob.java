package org.imagesearch.embed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;

/** Puts the pictures of one wave into staging: Parquet of those that have embeddings, one file of the failures. */
final class WaveJob {
    private static final PictureOutcome.Failed LOST =
            new PictureOutcome.Failed(Stage.ENCODE, "lost", "its task ended without an embedding and without a reason");

    private final SparkSession spark;
    private final DatasetFolder folder;
    private final Listing listing;
    private final Fingerprint fingerprint;
    private final TaskRows.Source source;
    private final int taskPictures;

    WaveJob(
            SparkSession spark,
            DatasetFolder folder,
            Listing listing,
            Fingerprint fingerprint,
            TaskRows.Source source,
            int taskPictures) {
        this.spark = spark;
        this.folder = folder;
        this.listing = listing;
        this.fingerprint = fingerprint;
        this.source = source;
        this.taskPictures = taskPictures;
    }

    /**
     * What a wave came to.
     *
     * @param images staged folder
     * @param failureFile staged file, if any failed
     * @param embedded pictures in {@code images}
     * @param failures every other picture
     */
    record Staged(Path images, Optional<Path> failureFile, long embedded, List<FailedPicture> failures) {}

    /** Asked while a wave runs and at its end. */
    interface Objection {
        /**
         * The error to end with, if the wave is not to go on or not to be committed.
         *
         * @param tried pictures of the wave that have an outcome, of the tasks that have ended
         * @param failed those that failed
         */
        Optional<ImageSearchException> to(long tried, List<FailedPicture> failed);
    }

    /**
     * Embeds pictures.
     *
     * @param done counts pictures as tasks get through them
     * @throws ImageSearchException the objection, if there is one
     */
    Staged run(int wave, List<ListedPicture> pictures, PictureCount done, Objection objection) throws IOException {
        CollectionAccumulator<FailedPicture> failed = spark.sparkContext().collectionAccumulator();
        long before = done.value().pictures();
        Path images = folder.staging(DatasetLayout.waveFolder(wave));
        JavaRDD<Row> rows = withOwnColumns(rows(pictures, done, failed), pictures);
        StructType schema = RowSchemas.images(fingerprint, listing.ownColumns());
        try (JobGuard guard = new JobGuard(
                spark.sparkContext(),
                DatasetLayout.waveFolder(wave),
                () -> objection.to(done.value().pictures() - before, failed.value()))) {
            guard.run(() -> writeImages(rows, schema, images));
        }
        List<FailedPicture> failures = failures(failed.value(), pictures, embeddedIds(images));
        Optional<Path> failureFile = failures.isEmpty() ? Optional.empty() : Optional.of(writeFailures(wave, failures));
        return new Staged(images, failureFile, pictures.size() - failures.size(), failures);
    }

    /** The pictures that are embedded, as rows of images/; those that are not go to {@code failed}. */
    private JavaRDD<Row> rows(
            List<ListedPicture> pictures, PictureCount done, CollectionAccumulator<FailedPicture> failed) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> configuration =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        int full = (pictures.size() + taskPictures - 1) / taskPictures;
        int tasks = Math.max(1, Math.min(pictures.size(), Math.max(full, context.defaultParallelism())));
        // A copy, because a task must not drag this object along.
        TaskRows.Source rowsOf = source;
        return context.parallelize(pictures, tasks).mapPartitions(partition -> {
            TaskRows rows = rowsOf.open(partition, configuration.value().value(), done, failed::add);
            TaskContext.get().addTaskCompletionListener((TaskCompletionListener) task -> rows.close());
            return rows;
        });
    }

    private JavaRDD<Row> withOwnColumns(JavaRDD<Row> rows, List<ListedPicture> pictures) throws IOException {
        if (listing.ownColumns().isEmpty()) {
            return rows;
        }
        Dataset<Row> embedded = spark.createDataFrame(rows, RowSchemas.images(fingerprint));
        return listing.withOwnColumns(embedded, pictures).javaRDD();
    }

    /** Rows are written as they come: nothing of a task waits in memory for its end. */
    private void writeImages(JavaRDD<Row> rows, StructType schema, Path images) {
        spark.createDataFrame(rows, schema)
                .write()
                .mode(SaveMode.Overwrite)
                // Embeddings do not repeat: a dictionary of them is paid for twice.
                .option("parquet.enable.dictionary#embedding.list.element", "false")
                .parquet(images.toString());
    }

    private Set<Long> embeddedIds(Path images) {
        return new HashSet<>(spark.read()
                .schema(RowSchemas.images(fingerprint))
                .parquet(images.toString())
                .select(DatasetLayout.ID)
                .as(Encoders.LONG())
                .collectAsList());
    }

    /**
     * A failure for every picture that has no embedding. A task that Spark ran twice may have had different luck each time; what
     * was written decides, so that each picture is on one side exactly.
     */
    private static List<FailedPicture> failures(
            List<FailedPicture> told, List<ListedPicture> pictures, Set<Long> embedded) {
        if (embedded.size() == pictures.size()) {
            return List.of();
        }
        Map<Long, FailedPicture> reasons = new HashMap<>();
        told.forEach(failure -> reasons.put(failure.id(), failure));
        List<FailedPicture> failures = new ArrayList<>();
        for (ListedPicture picture : pictures) {
            if (!embedded.contains(picture.getId())) {
                FailedPicture reason = reasons.get(picture.getId());
                failures.add(reason == null ? FailedPicture.of(picture, LOST) : reason);
            }
        }
        return failures;
    }

    private Path writeFailures(int wave, List<FailedPicture> failures) throws IOException {
        Path staged = folder.staging("failures-" + wave);
        List<Row> rows = failures.stream().map(FailedPicture::row).toList();
        spark.createDataFrame(DriverRows.distribute(spark, rows), RowSchemas.FAILURES)
                .repartition(1)
                .write()
                .mode(SaveMode.Overwrite)
                .parquet(staged.toString());
        for (FileStatus file : folder.files().listStatus(staged)) {
            if (file.getPath().getName().endsWith(".parquet")) {
                return file.getPath();
            }
        }
        throw new IOException("Spark wrote no file to " + staged);
    }
}
