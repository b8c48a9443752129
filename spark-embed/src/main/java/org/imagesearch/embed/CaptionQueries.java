package org.imagesearch.embed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.imagesearch.clip.TextEncoder;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.embed.EmbedSettings.TaskSettings;

/**
 * {@code queries/}: a seeded sample of the captions through the text encoder. Words lie elsewhere than pictures in CLIP's space, so
 * the recall of an index must be measured with both.
 */
final class CaptionQueries {
    private final SparkSession spark;
    private final DatasetFolder folder;
    private final Fingerprint fingerprint;
    private final ExecutorModel.Location model;
    private final TaskSettings settings;

    CaptionQueries(
            SparkSession spark,
            DatasetFolder folder,
            Fingerprint fingerprint,
            ExecutorModel.Location model,
            TaskSettings settings) {
        this.spark = spark;
        this.folder = folder;
        this.fingerprint = fingerprint;
        this.model = model;
        this.settings = settings;
    }

    /**
     * Makes the sample anew.
     *
     * @param limit captions at most
     * @return captions taken
     */
    long write(int limit, int seed) throws IOException {
        List<Row> sample = spark.read()
                .parquet(folder.images().toString())
                .filter(functions.col(DatasetLayout.CAPTION).isNotNull())
                .select(DatasetLayout.ID, DatasetLayout.CAPTION)
                // By a hash of the id, the sample is spread over the whole dataset and is the same in every run.
                .orderBy(
                        functions.xxhash64(functions.col(DatasetLayout.ID), functions.lit(seed)),
                        functions.col(DatasetLayout.ID))
                .limit(limit)
                .collectAsList();
        if (sample.isEmpty()) {
            return 0;
        }
        // Copies, because a task must not drag this object along.
        ExecutorModel.Location location = model;
        TaskSettings taskSettings = settings;
        Dataset<Row> rows = spark.createDataFrame(
                DriverRows.distribute(spark, sample)
                        .repartition(1)
                        .mapPartitions(part -> encode(part, location, taskSettings)),
                RowSchemas.queries(fingerprint));
        Path staged = folder.staging(DatasetLayout.QUERIES);
        rows.write()
                .mode(SaveMode.Overwrite)
                .option("parquet.enable.dictionary#embedding.list.element", "false")
                .parquet(staged.toString());
        folder.replaceFolder(staged, folder.queries());
        return sample.size();
    }

    private static Iterator<Row> encode(
            Iterator<Row> captions, ExecutorModel.Location location, TaskSettings settings) {
        List<Row> rows = new ArrayList<>();
        try (TextEncoder encoder = ExecutorModel.texts(location, settings)) {
            List<Row> some = new ArrayList<>(settings.batch());
            while (captions.hasNext()) {
                some.add(captions.next());
                if (some.size() == settings.batch() || !captions.hasNext()) {
                    encodeBatch(encoder, some, rows);
                    some.clear();
                }
            }
        }
        return rows.iterator();
    }

    private static void encodeBatch(TextEncoder encoder, List<Row> captions, List<Row> out) {
        float[] embeddings =
                encoder.encode(captions.stream().map(row -> row.getString(1)).toList());
        int dimension = encoder.dimension();
        for (int i = 0; i < captions.size(); i++) {
            out.add(RowFactory.create(
                    captions.get(i).getString(1),
                    captions.get(i).getLong(0),
                    Arrays.copyOfRange(embeddings, i * dimension, (i + 1) * dimension)));
        }
    }
}
