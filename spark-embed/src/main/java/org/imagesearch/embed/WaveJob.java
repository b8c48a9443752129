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
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.embed.EmbedSettings.TaskSettings;

/** Embeds the pictures of one wave into staging: Parquet of the successes, one file of the failures. */
final class WaveJob {
    private final SparkSession spark;
    private final DatasetFolder folder;
    private final Listing listing;
    private final Fingerprint fingerprint;
    private final ExecutorModel.Location model;
    private final TaskSettings settings;
    private final int taskPictures;

    WaveJob(
            SparkSession spark,
            DatasetFolder folder,
            Listing listing,
            Fingerprint fingerprint,
            ExecutorModel.Location model,
            TaskSettings settings,
            int taskPictures) {
        this.spark = spark;
        this.folder = folder;
        this.listing = listing;
        this.fingerprint = fingerprint;
        this.model = model;
        this.settings = settings;
        this.taskPictures = taskPictures;
    }

    /**
     * What a wave came to.
     *
     * @param images staged folder
     * @param failures staged file, if any failed
     * @param embedded pictures in {@code images}
     * @param errors number of failures by {@code stage/error}
     */
    record Staged(Path images, Optional<Path> failures, long embedded, Map<String, Long> errors) {
        long failed() {
            return errors.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /**
     * Embeds pictures.
     *
     * @param done counts pictures as tasks get through them
     */
    Staged run(int wave, List<ListedPicture> pictures, LongAccumulator done) throws IOException {
        JavaRDD<Row> results = results(pictures, done).persist(StorageLevel.MEMORY_AND_DISK());
        try {
            Path images = folder.staging(DatasetLayout.waveFolder(wave));
            writeImages(results, pictures, images);
            List<Row> failures = failures(results, pictures, embeddedIds(images));
            Map<String, Long> errors = new HashMap<>();
            failures.forEach(row -> errors.merge(row.getString(2) + "/" + row.getString(3), 1L, Long::sum));
            Optional<Path> failureFile =
                    failures.isEmpty() ? Optional.empty() : Optional.of(writeFailures(wave, failures));
            return new Staged(images, failureFile, pictures.size() - failures.size(), errors);
        } finally {
            results.unpersist(false);
        }
    }

    private JavaRDD<Row> results(List<ListedPicture> pictures, LongAccumulator done) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> configuration =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        int full = (pictures.size() + taskPictures - 1) / taskPictures;
        int tasks = Math.max(1, Math.min(pictures.size(), Math.max(full, context.defaultParallelism())));
        ExecutorModel.Location location = model;
        TaskSettings taskSettings = settings;
        return context.parallelize(pictures, tasks)
                .mapPartitions(partition -> new PictureRows(
                        partition,
                        ExecutorModel.images(location, taskSettings),
                        taskSettings,
                        configuration.value().value(),
                        done));
    }

    private void writeImages(JavaRDD<Row> results, List<ListedPicture> pictures, Path images) throws IOException {
        Dataset<Row> rows = spark.createDataFrame(results, RowSchemas.RESULTS)
                .filter(functions.col(DatasetLayout.STAGE).isNull())
                .select(
                        DatasetLayout.ID,
                        DatasetLayout.URI,
                        DatasetLayout.WIDTH,
                        DatasetLayout.HEIGHT,
                        DatasetLayout.CAPTION,
                        DatasetLayout.EMBEDDING);
        Dataset<Row> all = listing.withOwnColumns(rows, pictures);
        spark.createDataFrame(all.javaRDD(), RowSchemas.images(fingerprint, listing.ownColumns()))
                .write()
                .mode(SaveMode.Overwrite)
                // Embeddings do not repeat: a dictionary of them is paid for twice.
                .option("parquet.enable.dictionary#embedding.list.element", "false")
                .parquet(images.toString());
    }

    private Set<Long> embeddedIds(Path images) {
        return new HashSet<>(spark.read()
                .parquet(images.toString())
                .select(DatasetLayout.ID)
                .as(Encoders.LONG())
                .collectAsList());
    }

    /**
     * A failure for every picture that has no embedding. A task that Spark ran twice may have had different luck each time; what
     * was written decides, so that each picture is on one side exactly.
     */
    private static List<Row> failures(JavaRDD<Row> results, List<ListedPicture> pictures, Set<Long> embedded) {
        Map<Long, Row> reasons = new HashMap<>();
        if (embedded.size() < pictures.size()) {
            for (Row row : results.filter(row -> !row.isNullAt(6)).collect()) {
                reasons.put(row.getLong(0), row);
            }
        }
        List<Row> failures = new ArrayList<>();
        for (ListedPicture picture : pictures) {
            if (embedded.contains(picture.getId())) {
                continue;
            }
            Row reason = reasons.get(picture.getId());
            failures.add(
                    reason == null
                            ? RowFactory.create(
                                    picture.getId(),
                                    picture.getUri(),
                                    Stage.ENCODE.text(),
                                    "lost",
                                    "its task ended without an embedding and without a reason",
                                    picture.getAttempts() + 1)
                            : RowFactory.create(
                                    picture.getId(),
                                    picture.getUri(),
                                    reason.get(6),
                                    reason.get(7),
                                    reason.get(8),
                                    reason.get(9)));
        }
        return failures;
    }

    private Path writeFailures(int wave, List<Row> failures) throws IOException {
        Path staged = folder.staging("failures-" + wave);
        spark.createDataFrame(DriverRows.distribute(spark, failures), RowSchemas.FAILURES)
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
