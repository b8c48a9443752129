package org.imagesearch.embed;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.embed.EmbedSettings.IdSource;

/**
 * The pictures that the metadata of an {@link ImportedFolder} tell of. For each the listing gets the NPY file and the row that
 * hold its embedding; tasks read it from there.
 */
final class ImportedPictures {
    /** As img2dataset has them, which made the pictures that clip-retrieval saw smaller. */
    private static final String ORIGINAL = "original_";

    private final SparkSession spark;
    private final EmbedSettings settings;
    private final ImportedFolder folder;
    private final String uriColumn;

    /** @param uriColumn of the metadata, says where pictures are */
    ImportedPictures(SparkSession spark, EmbedSettings settings, ImportedFolder folder, String uriColumn) {
        this.spark = spark;
        this.settings = settings;
        this.folder = folder;
        this.uriColumn = uriColumn;
    }

    /**
     * Reads the metadata.
     *
     * @param known the own columns that the dataset has
     * @throws ImageSearchException (input) if they have no column for uris, or one that cannot be taken; (data) naming file and
     *     row, if a picture has no uri
     */
    FoundPictures find(StructType known) {
        Map<StructType, List<String>> bySchema = new LinkedHashMap<>();
        for (ImportedFolder.Part part : folder.parts()) {
            StructType schema = ParquetInput.open(spark, folder.name(), List.of(part.metadata()))
                    .schema();
            bySchema.computeIfAbsent(schema, unseen -> new ArrayList<>()).add(part.metadata());
        }
        List<FoundPictures> found = new ArrayList<>();
        bySchema.forEach((schema, tables) -> found.add(read(schema, tables)));
        FoundPictures all = FoundPictures.union(found, known);
        requireUris(all.rows());
        return all;
    }

    private FoundPictures read(StructType schema, List<String> tables) {
        String input = folder.name();
        StructField uri = OwnColumns.find(schema, uriColumn)
                .orElseThrow(() -> ImageSearchException.input(
                        "--input %s: %s has no column '%s' (--uri-column), which says where pictures are; it has %s",
                        input, tables.get(0), uriColumn, List.of(schema.fieldNames())));
        ParquetInput.requireType(input, uri, DataTypes.StringType);
        Optional<StructField> caption = OwnColumns.find(schema, DatasetLayout.CAPTION)
                .filter(field -> field.dataType().equals(DataTypes.StringType));
        Optional<StructField> id = settings.ids() == IdSource.COLUMN ? Optional.of(id(schema)) : Optional.empty();
        Optional<StructField> width = size(schema, DatasetLayout.WIDTH);
        Optional<StructField> height = size(schema, DatasetLayout.HEIGHT);
        List<StructField> others = new ArrayList<>(List.of(schema.fields()));
        others.remove(uri);
        Stream.of(caption, id, width, height).forEach(taken -> taken.ifPresent(others::remove));
        others.removeIf(
                field -> settings.input().leaveOut().stream().anyMatch(name -> name.equalsIgnoreCase(field.name())));
        StructType own = OwnColumns.carried(others, "--input " + input);
        Dataset<Row> rows =
                ParquetInput.open(spark, input, tables).select(columns(uri, caption, id, width, height, others));
        List<String> remarks = caption.isPresent()
                ? List.of()
                : List.of(
                        "there is no column 'caption' of texts: pictures have none, and recall of words is not measured");
        return new FoundPictures(rows, own, 0, 0, remarks);
    }

    private StructField id(StructType schema) {
        StructField id = OwnColumns.find(schema, DatasetLayout.ID)
                .orElseThrow(() -> ImageSearchException.input(
                        "--input %s has no column 'id', which --ids column needs; it has %s",
                        folder.name(), List.of(schema.fieldNames())));
        ParquetInput.requireType(folder.name(), id, DataTypes.LongType, DataTypes.IntegerType);
        return id;
    }

    private Optional<StructField> size(StructType schema, String name) {
        Optional<StructField> original =
                folder.export().isPresent() ? Optional.empty() : OwnColumns.find(schema, ORIGINAL + name);
        return original.or(() -> OwnColumns.find(schema, name))
                .filter(field -> field.dataType() instanceof NumericType);
    }

    private Column[] columns(
            StructField uri,
            Optional<StructField> caption,
            Optional<StructField> id,
            Optional<StructField> width,
            Optional<StructField> height,
            List<StructField> own) {
        Map<String, String> embeddings = new HashMap<>();
        folder.parts().forEach(part -> embeddings.put(part.metadata(), part.embeddings()));
        Column file = ParquetInput.file();
        Column npy = functions
                .udf((UDF1<String, String>) embeddings::get, DataTypes.StringType)
                .apply(file);
        List<Column> columns = new ArrayList<>(List.of(
                uri(uri, file).as(DatasetLayout.URI),
                ParquetInput.nothing(DataTypes.StringType).as(FoundPictures.CAPTION_URI),
                caption.map(field -> ParquetInput.clean(settings.picture().captionLength())
                                .apply(ParquetInput.column(field)))
                        .orElse(ParquetInput.nothing(DataTypes.StringType))
                        .as(DatasetLayout.CAPTION),
                npy.as(FoundPictures.CONTAINER),
                ParquetInput.row().as(FoundPictures.POSITION),
                ParquetInput.nothing(DataTypes.LongType).as(FoundPictures.LENGTH),
                id.map(field -> ParquetInput.column(field).cast(DataTypes.LongType))
                        .orElse(ParquetInput.nothing(DataTypes.LongType))
                        .as(FoundPictures.GIVEN_ID),
                file.as(FoundPictures.FILE),
                ParquetInput.row().as(FoundPictures.PLACE),
                size(width).as(DatasetLayout.WIDTH),
                size(height).as(DatasetLayout.HEIGHT)));
        if (!own.isEmpty()) {
            columns.add(functions
                    .struct(own.stream()
                            .map(field -> ParquetInput.column(field).as(OwnColumns.nameOf(field.name())))
                            .toArray(Column[]::new))
                    .as(OwnColumns.STRUCT));
        }
        return columns.toArray(Column[]::new);
    }

    /** Ours are uris already; others may be paths, and need not be escaped. */
    private Column uri(StructField field, Column file) {
        Column given = ParquetInput.column(field);
        return folder.export().isPresent()
                ? given
                : functions
                        .udf((UDF2<String, String, String>) PictureUris::of, DataTypes.StringType)
                        .apply(given, file);
    }

    private static Column size(Optional<StructField> field) {
        return field.map(given -> ParquetInput.column(given).cast(DataTypes.IntegerType))
                .orElse(ParquetInput.nothing(DataTypes.IntegerType));
    }

    private void requireUris(Dataset<Row> rows) {
        Dataset<Row> without = rows.filter(functions.col(DatasetLayout.URI).isNull());
        List<Row> first = without.select(FoundPictures.FILE, FoundPictures.PLACE)
                .orderBy(FoundPictures.FILE, FoundPictures.PLACE)
                .limit(1)
                .collectAsList();
        if (!first.isEmpty()) {
            throw ImageSearchException.data(
                    "%s: row %d has no %s, so that nobody could find the picture",
                    first.get(0).getString(0), first.get(0).getLong(1), uriColumn);
        }
    }
}
