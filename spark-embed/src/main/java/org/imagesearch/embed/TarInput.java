package org.imagesearch.embed;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.embed.TarMembers.Kind;
import org.imagesearch.embed.TarMembers.Member;

/**
 * Pictures in WebDataset tars, as img2dataset writes them: {@code KEY.jpg}, its caption {@code KEY.txt}, and {@code KEY.json}
 * whose fields are own columns. The members of a key may stand anywhere in their tar. A task goes through a tar's headers once;
 * the pictures' offsets go into the listing.
 */
final class TarInput {
    private static final int TARS_TOLD = 5;
    private static final String NOT_JSON = "_not_json";

    private static final StructType MEMBERS = new StructType()
            .add("tar", DataTypes.StringType, false)
            .add("key", DataTypes.StringType, false)
            .add("kind", DataTypes.StringType, false)
            .add("name", DataTypes.StringType, false)
            .add("offset", DataTypes.LongType, false)
            .add("size", DataTypes.LongType, false)
            .add("text", DataTypes.StringType, true);

    private final SparkSession spark;
    private final EmbedSettings settings;
    private final StructType known;

    /** @param known own columns that the dataset has, whose types stay */
    TarInput(SparkSession spark, EmbedSettings settings, StructType known) {
        this.spark = spark;
        this.settings = settings;
        this.known = known;
    }

    /**
     * @param input names the input in errors
     * @param tars uris
     * @throws ImageSearchException (input) if there is no picture in any of them, or one is no tar
     */
    FoundPictures read(String input, List<String> tars) {
        // Read three times: what is damaged, which types the fields have, the pictures.
        Dataset<Row> members = members(tars).persist(StorageLevel.MEMORY_AND_DISK());
        List<String> remarks = new ArrayList<>(damages(members));
        List<Row> counts = members.groupBy("kind").count().collectAsList();
        long pictures = count(counts, Kind.PICTURE);
        if (pictures == 0) {
            throw ImageSearchException.input(
                    "--input %s: there are no pictures in its tars%s",
                    input, remarks.isEmpty() ? "" : "; " + remarks.get(0));
        }
        StructType fields = count(counts, Kind.JSON) == 0 ? new StructType() : fields(members, remarks);
        List<StructField> others = new ArrayList<>();
        boolean captionField = false;
        for (StructField field : fields.fields()) {
            boolean caption = isCaption(field);
            captionField |= caption;
            if (!caption && settings.input().leaveOut().stream().noneMatch(field.name()::equalsIgnoreCase)) {
                others.add(field);
            }
        }
        StructType own = OwnColumns.carried(others, "--input " + input);
        return new FoundPictures(
                pictures(members, fields, captionField, others), own, count(counts, Kind.OTHER), 0, remarks);
    }

    private static boolean isCaption(StructField field) {
        return field.name().equals(DatasetLayout.CAPTION) && field.dataType().equals(DataTypes.StringType);
    }

    private static long count(List<Row> counts, Kind kind) {
        return counts.stream()
                .filter(row -> row.getString(0).equals(kind.name()))
                .mapToLong(row -> row.getLong(1))
                .sum();
    }

    private Dataset<Row> members(List<String> tars) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> configuration =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        JavaRDD<Row> rows = context.parallelize(tars, tars.size())
                .mapPartitions(some -> members(some, configuration.value().value()));
        return spark.createDataFrame(rows, MEMBERS);
    }

    private static Iterator<Row> members(Iterator<String> tars, Configuration configuration) throws IOException {
        if (!tars.hasNext()) {
            return List.<Row>of().iterator();
        }
        String tar = tars.next(); // A partition has one.
        TarMembers members = TarMembers.open(tar, configuration);
        TaskContext.get().addTaskCompletionListener((TaskCompletionListener) ended -> members.close());
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return members.hasNext();
            }

            @Override
            public Row next() {
                Member member = members.next();
                return RowFactory.create(
                        tar,
                        member.key(),
                        member.kind().name(),
                        member.name(),
                        member.offset(),
                        member.length(),
                        member.text());
            }
        };
    }

    private static Column is(Kind kind) {
        return functions.col("kind").equalTo(kind.name());
    }

    private static List<String> damages(Dataset<Row> members) {
        Dataset<Row> damaged = members.filter(is(Kind.DAMAGE));
        List<Row> first = damaged.orderBy("tar").limit(TARS_TOLD + 1).collectAsList();
        List<String> remarks = new ArrayList<>();
        for (Row row : first.subList(0, Math.min(TARS_TOLD, first.size()))) {
            remarks.add(String.format(
                    "%s is damaged at byte %d, what is behind is lost: %s",
                    row.<String>getAs("tar"), row.<Long>getAs("offset"), row.<String>getAs("text")));
        }
        if (first.size() > TARS_TOLD) {
            remarks.add(damaged.count() + " tars are damaged in all");
        }
        return remarks;
    }

    /** The fields of all json members together, each with the type that fits all its values; those without a value have none. */
    private StructType fields(Dataset<Row> members, List<String> remarks) {
        StructType inferred = spark.read()
                .option("dropFieldIfAllNull", true)
                .option("columnNameOfCorruptRecord", NOT_JSON)
                .json(members.filter(is(Kind.JSON)).select("text").as(Encoders.STRING()))
                .schema();
        StructType fields = new StructType();
        for (StructField field : inferred.fields()) {
            if (field.name().equals(NOT_JSON)) {
                remarks.add("some .json members hold no JSON object; their pictures have no own columns");
            } else {
                fields = fields.add(field.name(), OwnColumns.typeOfJson(field, known), true);
            }
        }
        return fields;
    }

    private Dataset<Row> pictures(
            Dataset<Row> members, StructType fields, boolean captionField, List<StructField> own) {
        UserDefinedFunction memberUri =
                functions.udf((UDF2<String, String, String>) PictureUris::ofMember, DataTypes.StringType);
        int captionLength = settings.picture().captionLength();
        UserDefinedFunction clean =
                functions.udf((UDF1<String, String>) text -> Captions.clean(text, captionLength), DataTypes.StringType);
        Column member = functions.struct("name", "offset", "size");
        Dataset<Row> samples = members.filter(
                        functions.col("kind").isin(Kind.PICTURE.name(), Kind.CAPTION.name(), Kind.JSON.name()))
                .groupBy("tar", "key")
                .agg(
                        functions
                                .collect_list(functions.when(is(Kind.PICTURE), member))
                                .as("pictures"),
                        functions
                                .max(functions.when(is(Kind.CAPTION), functions.col("text")))
                                .as("caption"),
                        functions
                                .max(functions.when(is(Kind.JSON), functions.col("text")))
                                .as("json"))
                .withColumn("picture", functions.explode(functions.col("pictures")));
        boolean hasFields = !fields.isEmpty();
        if (hasFields) {
            samples = samples.withColumn("fields", functions.from_json(functions.col("json"), fields));
        }
        Column caption = clean.apply(functions.col("caption"));
        if (captionField) {
            Column other = functions.col("fields").getField(DatasetLayout.CAPTION);
            caption = functions.coalesce(caption, clean.apply(other));
        }
        Column offset = functions.col("picture").getField("offset");
        List<Column> columns = new ArrayList<>(List.of(
                memberUri
                        .apply(functions.col("tar"), functions.col("picture").getField("name"))
                        .as("uri"),
                functions.lit(null).cast(DataTypes.StringType).as(FoundPictures.CAPTION_URI),
                caption.as("caption"),
                functions.col("tar").as(FoundPictures.CONTAINER),
                offset.as(FoundPictures.POSITION),
                functions.col("picture").getField("size").as(FoundPictures.LENGTH),
                functions.lit(null).cast(DataTypes.LongType).as(FoundPictures.GIVEN_ID),
                functions.col("tar").as(FoundPictures.FILE),
                offset.as(FoundPictures.PLACE)));
        if (!own.isEmpty()) {
            columns.add(functions
                    .struct(own.stream()
                            .map(field -> functions
                                    .col("fields")
                                    .getField(field.name())
                                    .as(OwnColumns.nameOf(field.name())))
                            .toArray(Column[]::new))
                    .as(OwnColumns.STRUCT));
        }
        return samples.select(columns.toArray(Column[]::new));
    }
}
