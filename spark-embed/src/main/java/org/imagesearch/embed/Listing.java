package org.imagesearch.embed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.expressions.Window;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.embed.EmbedSettings.IdSource;

/**
 * Every picture that the dataset knows, with the id and the wave that it was given when it was first seen: {@code listing/}, a
 * folder per batch of additions. Ids and waves never change, so that a resumed run does just what the killed one would have done.
 * Rows stay in Spark: the driver holds none of them.
 */
final class Listing {
    /** A file's name that is a number: at the end of a path, or of the name of a tar's member. */
    private static final String NUMBER_AS_NAME = "^(?:.*[/#])?(\\d{1,15})\\.[^./#]+$";

    private static final int ROWS_PER_FILE = 1_000_000;

    /** Waves of more pictures have their own columns shuffled instead of held in memory by every executor. */
    private static final int BROADCAST_ROWS = 100_000;

    private static final String WAVE = "wave";
    private static final String PLACE_IN_ORDER = "placeInOrder";

    private final SparkSession spark;
    private final DatasetFolder folder;
    private StructType ownColumns;

    Listing(SparkSession spark, DatasetFolder folder) {
        this.spark = spark;
        this.folder = folder;
    }

    /** The pictures listed so far; empty before the first run. */
    Dataset<ListedPicture> read() throws IOException {
        if (isEmpty()) {
            return spark.emptyDataset(Encoders.bean(ListedPicture.class));
        }
        return spark.read()
                .schema(Encoders.bean(ListedPicture.class).schema())
                .option("recursiveFileLookup", true)
                .parquet(folder.listing().toString())
                .as(Encoders.bean(ListedPicture.class));
    }

    /** A run that was killed may have made the folder and put nothing into it. */
    private boolean isEmpty() throws IOException {
        return !folder.exists(folder.listing()) || folder.files().listStatus(folder.listing()).length == 0;
    }

    /** The input's own columns of the pictures listed so far. */
    StructType ownColumns() throws IOException {
        if (ownColumns == null) {
            ownColumns = readOwnColumns();
        }
        return ownColumns;
    }

    private StructType readOwnColumns() throws IOException {
        if (isEmpty()) {
            return new StructType();
        }
        StructType all = spark.read()
                .option("recursiveFileLookup", true)
                .option("mergeSchema", true)
                .parquet(folder.listing().toString())
                .schema();
        return OwnColumns.find(all, OwnColumns.STRUCT)
                .map(field -> (StructType) field.dataType())
                .orElse(new StructType());
    }

    /**
     * Rows of images/ with the input's own columns behind. These go from the listing to the files; no task needs them to embed.
     *
     * @param rows with a column {@code id}
     * @param pictures those that the rows are of
     */
    Dataset<Row> withOwnColumns(Dataset<Row> rows, List<ListedPicture> pictures) throws IOException {
        StructType own = ownColumns();
        if (own.isEmpty()) {
            return rows;
        }
        Set<Integer> waves = pictures.stream().map(ListedPicture::getWave).collect(Collectors.toSet());
        Dataset<Row> columns = readOwn(own).filter(functions.col(WAVE).isInCollection(waves));
        if (waves.size() == 1 && pictures.size() <= BROADCAST_ROWS) {
            // Then the embeddings stay where they are.
            columns = functions.broadcast(columns);
        }
        List<Column> wanted = new ArrayList<>();
        for (String name : rows.columns()) {
            wanted.add(rows.col(name));
        }
        for (String name : own.fieldNames()) {
            wanted.add(columns.col(OwnColumns.STRUCT).getField(name).as(name));
        }
        return rows.join(columns, rows.col(DatasetLayout.ID).equalTo(columns.col(DatasetLayout.ID)), "left")
                .select(wanted.toArray(Column[]::new));
    }

    private Dataset<Row> readOwn(StructType own) {
        return spark.read()
                .schema(new StructType()
                        .add(DatasetLayout.ID, DataTypes.LongType, false)
                        .add(WAVE, DataTypes.IntegerType, false)
                        .add(OwnColumns.STRUCT, own, true))
                .option("recursiveFileLookup", true)
                .parquet(folder.listing().toString());
    }

    /**
     * What a call of {@link #add} did.
     *
     * @param added pictures that are new
     * @param repeated rows of the input that name a picture which an earlier row names, too
     */
    record Added(long added, long repeated) {}

    /**
     * Adds the pictures of the input that are not listed yet, in the order of their uris; those of one tar or Parquet file in
     * the order in which they stand in it.
     *
     * @param firstWave the first wave that may be used
     * @throws ImageSearchException (input) naming the pictures, if ids that the input says are none, or not unique
     */
    Added add(FoundPictures found, IdSource ids, int waveSize, int firstWave) throws IOException {
        StructType own = OwnColumns.merge(ownColumns(), found.own());
        Dataset<Row> distinct = found.rowsWith(own)
                .withColumn(
                        PLACE_IN_ORDER,
                        functions
                                .row_number()
                                .over(Window.partitionBy(DatasetLayout.URI)
                                        .orderBy(FoundPictures.FILE, FoundPictures.PLACE)));
        Dataset<Row> fresh = distinct.filter(functions.col(PLACE_IN_ORDER).equalTo(1))
                .drop(PLACE_IN_ORDER)
                .join(read().select(DatasetLayout.URI), new String[] {DatasetLayout.URI}, "left_anti")
                .withColumn(DatasetLayout.ID, given(ids))
                .orderBy(FoundPictures.FILE, FoundPictures.PLACE, DatasetLayout.URI);
        Path staged = folder.staging("listing");
        long firstId = nextId();
        stage(fresh, own, ids, firstId, waveSize, firstWave, staged);
        Dataset<Row> written = spark.read().parquet(staged.toString());
        long added = written.count();
        // Whatever happens to a row above, its uri counts: each is in the listing once.
        long repeated = distinct.filter(functions.col(PLACE_IN_ORDER).gt(1)).count();
        if (added > 0) {
            if (ids == IdSource.SEQUENCE) {
                Ids.requireValid(firstId + added - 1);
            } else {
                requireIds(written, ids);
                requireUnique(written);
            }
            folder.replaceFolder(staged, folder.listingBatch(firstWave));
            ownColumns = own;
        }
        return new Added(added, repeated);
    }

    private static Column given(IdSource ids) {
        return switch (ids) {
            case SEQUENCE -> functions.lit(null).cast(DataTypes.LongType);
            case COLUMN -> functions.col(FoundPictures.GIVEN_ID);
            case FILENAME ->
                functions.expr("cast(nullif(regexp_extract(" + DatasetLayout.URI + ", '"
                        + NUMBER_AS_NAME.replace("\\", "\\\\") + "', 1), '') as bigint)");
        };
    }

    /** Writes the rows with their waves and, if they have none, their ids. */
    private void stage(
            Dataset<Row> fresh, StructType own, IdSource ids, long firstId, int waveSize, int firstWave, Path staged) {
        StructType schema = schema(own);
        boolean sequence = ids == IdSource.SEQUENCE;
        List<Column> columns = new ArrayList<>();
        Set<String> known = Set.of(fresh.columns());
        for (StructField field : schema.fields()) {
            boolean later = field.name().equals(WAVE) || field.name().equals(DatasetLayout.ATTEMPTS);
            Column value = later
                    ? functions.lit(0)
                    : known.contains(field.name())
                            ? functions.col(field.name())
                            : functions.lit(null).cast(field.dataType());
            columns.add(value.as(field.name()));
        }
        int id = schema.fieldIndex(DatasetLayout.ID);
        int wave = schema.fieldIndex(WAVE);
        // Not a window over all rows, which Spark would bring together in one task.
        JavaRDD<Row> rows = fresh.select(columns.toArray(Column[]::new))
                .javaRDD()
                .zipWithIndex()
                .map(numbered -> {
                    Object[] values = new Object[numbered._1().size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = numbered._1().get(i);
                    }
                    if (sequence) {
                        values[id] = firstId + numbered._2();
                    }
                    values[wave] = Math.toIntExact(firstWave + numbered._2() / waveSize);
                    return RowFactory.create(values);
                });
        spark.createDataFrame(rows, schema)
                .write()
                .mode(SaveMode.Overwrite)
                .option("maxRecordsPerFile", ROWS_PER_FILE)
                .parquet(staged.toString());
    }

    private static StructType schema(StructType own) {
        StructType schema = Encoders.bean(ListedPicture.class).schema();
        StructField[] fields = schema.fields();
        for (int i = 0; i < fields.length; i++) {
            // Looked at before it is taken: an id that the input does not say.
            fields[i] = fields[i].name().equals(DatasetLayout.ID)
                    ? DataTypes.createStructField(DatasetLayout.ID, DataTypes.LongType, true)
                    : fields[i];
        }
        StructType all = new StructType(fields);
        return own.isEmpty() ? all : all.add(OwnColumns.STRUCT, own, true);
    }

    private long nextId() throws IOException {
        Row last = read().agg(functions.max(DatasetLayout.ID)).head();
        return last.isNullAt(0) ? 0 : last.getLong(0) + 1;
    }

    private static void requireIds(Dataset<Row> written, IdSource ids) {
        Column id = functions.col(DatasetLayout.ID);
        List<Row> wrong = written.filter(id.isNull().or(id.lt(0)).or(id.geq(Ids.LIMIT)))
                .orderBy(DatasetLayout.URI)
                .select(DatasetLayout.URI, DatasetLayout.ID)
                .limit(1)
                .collectAsList();
        if (!wrong.isEmpty()) {
            String uri = wrong.get(0).getString(0);
            throw ids == IdSource.FILENAME
                    ? ImageSearchException.input(
                            "%s: with --ids filename, file names are numbers of at most 15 digits", uri)
                    : ImageSearchException.input(
                            "%s has id %s, expected 0 to %d",
                            uri,
                            wrong.get(0).isNullAt(1) ? "null" : wrong.get(0).getLong(1),
                            Ids.LIMIT - 1);
        }
    }

    private void requireUnique(Dataset<Row> written) throws IOException {
        Dataset<Row> all = written.select(
                        functions.col(DatasetLayout.ID),
                        functions.col(DatasetLayout.URI),
                        functions.lit(1).as("batch"))
                .union(read().select(
                                functions.col(DatasetLayout.ID),
                                functions.col(DatasetLayout.URI),
                                functions.lit(0).as("batch")));
        List<Row> twice = all.groupBy(DatasetLayout.ID)
                .agg(
                        functions.count("*").as("count"),
                        functions
                                .sort_array(functions.collect_list(functions.struct("batch", DatasetLayout.URI)))
                                .as("pictures"))
                .filter("count > 1")
                .orderBy(DatasetLayout.ID)
                .limit(1)
                .collectAsList();
        if (!twice.isEmpty()) {
            List<Row> pictures = twice.get(0).getList(2);
            throw ImageSearchException.input(
                    "%s and %s have the same id %d",
                    pictures.get(0).getString(1),
                    pictures.get(1).getString(1),
                    twice.get(0).getLong(0));
        }
    }
}
