package org.imagesearch.embed;

import static org.apache.spark.sql.functions.array;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.row_number;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.LongAccumulator;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.dataset.DatasetManifest;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.parquet.FileSlice;

/** Answers queries by comparing them with every embedding of a dataset; hits become a table. Runs on the driver; used once. */
final class QueryJob {
    static final String QUERY = "query";
    static final String SCORE = "score";

    /** What Spark adds to the columns from the folders' names. */
    static final String WAVE = "wave";

    private static final String PLACE = "_place";

    /** What one task reads; a file is not cut below it. */
    private static final long TASK_BYTES = 128L << 20;

    private static final StructType HITS = new StructType()
            .add(QUERY, DataTypes.IntegerType, false)
            .add(DatasetLayout.ID, DataTypes.LongType, false)
            .add(SCORE, DataTypes.FloatType, false);

    private final SparkSession spark;
    private final DatasetFolder folder;
    private final DatasetManifest manifest;
    private final PrintWriter out;

    QueryJob(SparkSession spark, DatasetFolder folder, DatasetManifest manifest, PrintWriter out) {
        this.spark = spark;
        this.folder = folder;
        this.manifest = manifest;
        this.out = out;
    }

    /**
     * The embeddings of pictures of the dataset, by id.
     *
     * @throws ImageSearchException (input) naming an id that it does not have
     */
    Map<Long, float[]> embeddings(Set<Long> ids) throws IOException {
        Map<Long, float[]> found = new HashMap<>();
        if (ids.isEmpty()) {
            return found;
        }
        images().filter(col(DatasetLayout.ID).isin(ids.toArray()))
                .select(DatasetLayout.ID, DatasetLayout.EMBEDDING)
                .collectAsList()
                .forEach(row -> found.put(row.getLong(0), floats(row.getList(1))));
        ids.stream().filter(id -> !found.containsKey(id)).findFirst().ifPresent(id -> {
            throw ImageSearchException.input("there is no picture with id %d in the dataset %s", id, folder.root());
        });
        return found;
    }

    private static float[] floats(List<Float> list) {
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i);
        }
        return floats;
    }

    /** What filters may name; a column without a value in any row is one of them. */
    Columns columns() throws IOException {
        return CarriedColumns.of(images().schema());
    }

    /**
     * Finds the hits and writes them.
     *
     * @param queries what to look for
     * @param down ids that are no hits, ascending
     * @param withVectors whether hits carry their embeddings
     * @param output a folder that does not exist
     * @return hits
     */
    long run(List<QueryScan.Asked> queries, long[] down, boolean withVectors, Path output) throws IOException {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        Broadcast<List<QueryScan.Asked>> asked = context.broadcast(List.copyOf(queries));
        LongAccumulator done = spark.sparkContext().longAccumulator("pictures");
        QueryScan.Format format = new QueryScan.Format(
                manifest.dimension(), manifest.normalised(), manifest.model().value(), down);
        List<List<FileSlice>> tasks = tasks();
        try (Progress progress = new Progress(out, manifest.embedded(), done::value)) {
            Dataset<Row> candidates = spark.createDataFrame(
                    context.parallelize(tasks, tasks.size()).mapPartitions(part -> {
                        List<FileSlice> slices = new ArrayList<>();
                        part.forEachRemaining(slices::addAll);
                        return QueryScan.in(
                                slices, asked.value(), format, hadoop.value().value(), done);
                    }),
                    HITS);
            Dataset<Row> hits = best(candidates, queries).persist(StorageLevel.MEMORY_AND_DISK());
            long count = hits.count();
            progress.say(String.format(Locale.ROOT, "compared %,d pictures: %,d hits", done.value(), count));
            if (done.value() != manifest.embedded()) {
                throw ImageSearchException.data(
                        "the dataset %s has %d pictures in its files, but dataset.json says %d: run bin/embed on it again",
                        folder.root(), done.value(), manifest.embedded());
            }
            write(hits, queries.size(), withVectors, output);
            hits.unpersist();
            return count;
        } finally {
            asked.destroy();
            hadoop.destroy();
        }
    }

    /** Of every query as many as it wants. */
    private Dataset<Row> best(Dataset<Row> candidates, List<QueryScan.Asked> queries) {
        if (queries.stream().allMatch(query -> query.k() >= manifest.embedded())) {
            return candidates;
        }
        Column[] wanted = queries.stream().map(query -> lit(query.k())).toArray(Column[]::new);
        return candidates
                .withColumn(
                        PLACE,
                        row_number()
                                .over(Window.partitionBy(QUERY)
                                        .orderBy(col(SCORE).desc(), col(DatasetLayout.ID))))
                .filter(col(PLACE).leq(element_at(array(wanted), col(QUERY).plus(1))))
                .drop(PLACE);
    }

    private void write(Dataset<Row> hits, int queries, boolean withVectors, Path output) throws IOException {
        Dataset<Row> pictures = images().drop(WAVE);
        if (!withVectors) {
            pictures = pictures.drop(DatasetLayout.EMBEDDING);
        }
        for (String ours : List.of(QUERY, SCORE)) {
            if (List.of(pictures.columns()).contains(ours)) {
                out.printf("the dataset's own column %s is left out: hits have one of that name%n", ours);
                pictures = pictures.drop(ours);
            }
        }
        List<Column> columns = new ArrayList<>();
        if (queries > 1) {
            columns.add(col(QUERY));
        }
        columns.add(col(DatasetLayout.ID));
        columns.add(col(SCORE));
        for (String column : pictures.columns()) {
            if (!column.equals(DatasetLayout.ID)) {
                columns.add(col("`" + column.replace("`", "``") + "`"));
            }
        }
        hits.join(pictures, DatasetLayout.ID)
                .orderBy(col(QUERY), col(SCORE).desc(), col(DatasetLayout.ID))
                .select(columns.toArray(Column[]::new))
                .write()
                .mode(SaveMode.ErrorIfExists)
                .parquet(output.toString());
    }

    private List<Path> waves() throws IOException {
        List<Path> waves = folder.committedWaves().headSet(manifest.waves()).stream()
                .map(folder::wave)
                .toList();
        if (waves.isEmpty()) {
            throw ImageSearchException.input("the dataset %s has no committed wave yet", folder.root());
        }
        return waves;
    }

    private Dataset<Row> images() throws IOException {
        return spark.read()
                .option("basePath", folder.images().toString())
                // Own columns may have come later.
                .option("mergeSchema", "true")
                .parquet(waves().stream().map(Path::toString).toArray(String[]::new));
    }

    private List<List<FileSlice>> tasks() throws IOException {
        List<List<FileSlice>> tasks = new ArrayList<>();
        List<FileSlice> task = new ArrayList<>();
        long bytes = 0;
        for (Path wave : waves()) {
            for (FileStatus file : folder.files().listStatus(wave)) {
                String name = file.getPath().getName();
                if (!name.endsWith(".parquet") || name.startsWith("_") || name.startsWith(".")) {
                    continue;
                }
                for (long start = 0; start < file.getLen(); start += TASK_BYTES) {
                    long length = Math.min(TASK_BYTES, file.getLen() - start);
                    if (!task.isEmpty() && bytes + length > TASK_BYTES) {
                        tasks.add(List.copyOf(task));
                        task.clear();
                        bytes = 0;
                    }
                    task.add(new FileSlice(file.getPath().toString(), start, length));
                    bytes += length;
                }
            }
        }
        if (!task.isEmpty()) {
            tasks.add(List.copyOf(task));
        }
        return tasks;
    }

    /** @throws ImageSearchException (input) if the folder has no dataset */
    static DatasetManifest manifest(DatasetFolder folder) {
        try {
            return folder.manifest()
                    .orElseThrow(() -> ImageSearchException.input(
                            "%s is not a dataset: it has no %s", folder.root(), DatasetLayout.MANIFEST));
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot read the dataset " + folder.root() + ": " + e, e);
        }
    }
}
