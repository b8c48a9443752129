package org.imagesearch.embed;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.embed.EmbedSettings.IdSource;
import org.imagesearch.embed.PictureFiles.Found;

/** Finds the pictures of the inputs that a user names, whatever holds them. Runs on the driver, and in Spark where it takes long. */
final class InputPictures {
    private final SparkSession spark;
    private final EmbedSettings settings;
    private final Path output;
    private final StructType known;

    /**
     * @param output the dataset's folder, qualified
     * @param known the own columns that the dataset has
     */
    InputPictures(SparkSession spark, EmbedSettings settings, Path output, StructType known) {
        this.spark = spark;
        this.settings = settings;
        this.output = output;
        this.known = known;
    }

    /**
     * The pictures of all inputs.
     *
     * @throws ImageSearchException (input) naming the input that cannot be taken
     */
    FoundPictures find(List<String> inputs) {
        List<FoundPictures> all = new ArrayList<>();
        for (String input : inputs) {
            all.add(find(input));
        }
        return FoundPictures.union(all, known);
    }

    private FoundPictures find(String input) {
        Found found = PictureFiles.list(input, output, spark.sparkContext().hadoopConfiguration());
        if (settings.ids() == IdSource.COLUMN && found.tables().isEmpty()) {
            throw ImageSearchException.input("--input %s: with --ids column, ids come from Parquet files only", input);
        }
        FoundPictures pictures = pictures(input, found);
        return new FoundPictures(
                pictures.rows(),
                pictures.own(),
                pictures.ignored() + found.ignored(),
                found.unnameable(),
                pictures.remarks());
    }

    private FoundPictures pictures(String input, Found found) {
        if (!found.tables().isEmpty()) {
            FoundPictures rows = new ParquetInput(spark, settings).read(input, found.tables());
            requireHttpAllowed(input, rows);
            return rows;
        }
        if (!found.tars().isEmpty()) {
            return new TarInput(spark, settings, known).read(input, found.tars());
        }
        List<Row> rows = new ArrayList<>(found.pictures().size());
        for (PictureFiles.Picture picture : found.pictures()) {
            rows.add(RowFactory.create(
                    picture.uri(), picture.captionUri(), null, null, null, null, null, picture.uri(), 0L));
        }
        return new FoundPictures(
                spark.createDataFrame(DriverRows.distribute(spark, rows), FoundPictures.SCHEMA),
                new StructType(),
                0,
                0,
                List.of());
    }

    private void requireHttpAllowed(String input, FoundPictures found) {
        if (settings.input().allowHttp()) {
            return;
        }
        List<Row> first = found.rows()
                .filter(functions
                        .col(FoundPictures.CONTAINER)
                        .isNull()
                        .and(functions.lower(functions.col("uri")).rlike("^https?://")))
                .select("uri")
                .limit(1)
                .collectAsList();
        if (!first.isEmpty()) {
            throw ImageSearchException.input(
                    "--input %s names %s: pictures are read from http addresses with --allow-http only",
                    input, first.get(0).getString(0));
        }
    }
}
