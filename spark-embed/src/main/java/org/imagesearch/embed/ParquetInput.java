package org.imagesearch.embed;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkException;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.embed.EmbedSettings.IdSource;

/**
 * Pictures that Parquet files list, a row each: by uri, or with their bytes. The bytes themselves are not read here; the listing
 * has the file and the row, and tasks read them from there.
 */
final class ParquetInput {
    private final SparkSession spark;
    private final EmbedSettings settings;

    ParquetInput(SparkSession spark, EmbedSettings settings) {
        this.spark = spark;
        this.settings = settings;
    }

    /**
     * @param input names the input in errors
     * @param tables uris of Parquet files; a column may be missing in some
     * @throws ImageSearchException (input) if there is nothing in them that leads to pictures, or a column that cannot be taken
     */
    FoundPictures read(String input, List<String> tables) {
        Dataset<Row> table = open(spark, input, tables);
        StructType schema = table.schema();
        Optional<StructField> uri = OwnColumns.find(schema, settings.input().uriColumn());
        Optional<StructField> bytes = pictures(schema);
        Optional<StructField> caption = OwnColumns.find(schema, DatasetLayout.CAPTION)
                .filter(field -> field.dataType().equals(DataTypes.StringType));
        Optional<StructField> id = idColumn(input, schema);
        if (uri.isEmpty() && bytes.isEmpty()) {
            throw ImageSearchException.input(
                    "--input %s has no column '%s' (input.uri-column) and none with pictures; it has %s",
                    input, settings.input().uriColumn(), List.of(schema.fieldNames()));
        }
        uri.ifPresent(field -> requireType(input, field, DataTypes.StringType));
        List<StructField> others = new ArrayList<>(List.of(schema.fields()));
        for (Optional<StructField> taken : List.of(uri, bytes, caption, id)) {
            taken.ifPresent(others::remove);
        }
        others.removeIf(this::isLeftOut);
        StructType own = OwnColumns.carried(others, "--input " + input);
        return new FoundPictures(
                table.select(columns(uri, bytes.isPresent(), caption, id, others)), own, 0, 0, List.of());
    }

    /** The rows of tables, with whatever columns one of them has. */
    static Dataset<Row> open(SparkSession spark, String input, List<String> tables) {
        try {
            return spark.read()
                    // Spark takes paths for patterns, and folders called a=b for columns.
                    .option("recursiveFileLookup", true)
                    .option("mergeSchema", true)
                    // Dates before 1582 and old timestamps, as they stand there.
                    .option("datetimeRebaseMode", "CORRECTED")
                    .option("int96RebaseMode", "CORRECTED")
                    .parquet(tables.stream().map(ParquetInput::literal).toArray(String[]::new));
        } catch (RuntimeException e) {
            throw unreadable(input, e);
        } catch (Exception e) {
            // Scala's methods declare no exceptions and throw them all the same.
            if (e instanceof AnalysisException || e instanceof SparkException) {
                throw unreadable(input, e);
            }
            throw e;
        }
    }

    private static ImageSearchException unreadable(String input, Exception e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return new ImageSearchException(
                ErrorCode.INPUT,
                "--input " + input + " cannot be read as Parquet: "
                        + String.valueOf(cause.getMessage()).replaceAll("\\s+", " "),
                e);
    }

    private static String literal(String uri) {
        return new Path(URI.create(uri)).toString().replaceAll("([{}\\[\\]*?\\\\])", "\\\\$1");
    }

    /** The column that tasks find again, see {@link ParquetColumn#find}. */
    private static Optional<StructField> pictures(StructType schema) {
        for (String name : ParquetColumn.NAMES) {
            for (StructField field : schema.fields()) {
                if (field.name().equals(name) && field.dataType().equals(DataTypes.BinaryType)) {
                    return Optional.of(field);
                }
            }
        }
        for (StructField field : schema.fields()) {
            if (field.name().equals(ParquetColumn.STRUCT)
                    && field.dataType() instanceof StructType struct
                    && OwnColumns.find(struct, "bytes")
                            .filter(inner -> inner.dataType().equals(DataTypes.BinaryType))
                            .isPresent()) {
                return Optional.of(field);
            }
        }
        return Optional.empty();
    }

    private Optional<StructField> idColumn(String input, StructType schema) {
        if (settings.ids() != IdSource.COLUMN) {
            return Optional.empty();
        }
        StructField id = OwnColumns.find(schema, DatasetLayout.ID)
                .orElseThrow(() -> ImageSearchException.input(
                        "--input %s has no column 'id', which --ids column needs; it has %s",
                        input, List.of(schema.fieldNames())));
        requireType(input, id, DataTypes.LongType, DataTypes.IntegerType);
        return Optional.of(id);
    }

    static void requireType(String input, StructField field, DataType... expected) {
        if (!List.of(expected).contains(field.dataType())) {
            throw ImageSearchException.input(
                    "--input %s: column '%s' has type %s, expected %s",
                    input, field.name(), field.dataType().catalogString(), expected[0].catalogString());
        }
    }

    private boolean isLeftOut(StructField field) {
        return settings.input().leaveOut().stream().anyMatch(name -> name.equalsIgnoreCase(field.name()));
    }

    private Column[] columns(
            Optional<StructField> uri,
            boolean hasBytes,
            Optional<StructField> caption,
            Optional<StructField> id,
            List<StructField> own) {
        UserDefinedFunction pictureUri =
                functions.udf((UDF2<String, String, String>) PictureUris::of, DataTypes.StringType);
        UserDefinedFunction rowUri =
                functions.udf((UDF2<String, Long, String>) PictureUris::ofRow, DataTypes.StringType);
        UserDefinedFunction clean = clean(settings.picture().captionLength());

        Column file = file();
        Column row = row();
        Column given = uri.map(field -> pictureUri.apply(column(field), file)).orElse(nothing(DataTypes.StringType));
        // A row that leads nowhere is listed, too, and becomes a failure that says so.
        Column inRow = hasBytes ? functions.lit(true) : given.isNull();
        List<Column> columns = new ArrayList<>(List.of(
                functions.coalesce(given, rowUri.apply(file, row)).as("uri"),
                nothing(DataTypes.StringType).as(FoundPictures.CAPTION_URI),
                caption.map(field -> clean.apply(column(field)))
                        .orElse(nothing(DataTypes.StringType))
                        .as("caption"),
                functions.when(inRow, file).as(FoundPictures.CONTAINER),
                functions.when(inRow, row).as(FoundPictures.POSITION),
                nothing(DataTypes.LongType).as(FoundPictures.LENGTH),
                id.map(field -> column(field).cast(DataTypes.LongType))
                        .orElse(nothing(DataTypes.LongType))
                        .as(FoundPictures.GIVEN_ID),
                file.as(FoundPictures.FILE),
                row.as(FoundPictures.PLACE)));
        if (!own.isEmpty()) {
            columns.add(functions
                    .struct(own.stream()
                            .map(field -> column(field).as(OwnColumns.nameOf(field.name())))
                            .toArray(Column[]::new))
                    .as(OwnColumns.STRUCT));
        }
        return columns.toArray(Column[]::new);
    }

    /** {@link Captions#clean}. */
    static UserDefinedFunction clean(int captionLength) {
        return functions.udf((UDF1<String, String>) text -> Captions.clean(text, captionLength), DataTypes.StringType);
    }

    /** The uri of the file that a row is from. */
    static Column file() {
        return functions
                .udf((UDF1<String, String>) path -> PictureFiles.uri(new Path(URI.create(path))), DataTypes.StringType)
                .apply(functions.col("_metadata.file_path"));
    }

    /** The number of a row in its file, counted from 0. */
    static Column row() {
        return functions.col("_metadata.row_index");
    }

    static Column nothing(DataType type) {
        return functions.lit(null).cast(type);
    }

    /** Whatever characters its name has. */
    static Column column(StructField field) {
        return functions.col("`" + field.name().replace("`", "``") + "`");
    }
}
