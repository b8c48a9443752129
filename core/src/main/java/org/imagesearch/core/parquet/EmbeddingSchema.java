package org.imagesearch.core.parquet;

import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.avro.AvroSchemaConverter;
import org.apache.parquet.avro.AvroWriteSupport;
import org.apache.parquet.schema.MessageType;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.dataset.DatasetLayout;

/**
 * The columns of a dataset, declared once, in Avro.
 *
 * <p>An embedding is {@code LIST<FLOAT>} in Parquet's standard three-level form ({@code embedding.list.element}), which
 * Spark writes too and which every notebook reads. The input's own columns may stand beside those named here.
 */
public final class EmbeddingSchema {
    /** Key of the model's fingerprint: in a file's footer, or in the metadata of a column that Spark wrote. */
    public static final String MODEL_KEY = "imagesearch.model";

    /** Path of the leaf column that holds the floats. */
    public static final String EMBEDDING_LEAF = DatasetLayout.EMBEDDING + ".list.element";

    private static final String SPARK_SCHEMA_KEY = "org.apache.spark.sql.parquet.row.metadata";
    private static final Pattern SPARK_MODEL =
            Pattern.compile("\"" + Pattern.quote(MODEL_KEY) + "\"\\s*:\\s*\"([^\"]*)\"");

    private static final Schema IMAGES = SchemaBuilder.record("Image")
            .namespace("org.imagesearch")
            .fields()
            .requiredLong(DatasetLayout.ID)
            .requiredString(DatasetLayout.URI)
            .requiredInt(DatasetLayout.WIDTH)
            .requiredInt(DatasetLayout.HEIGHT)
            .optionalString(DatasetLayout.CAPTION)
            .name(DatasetLayout.EMBEDDING)
            .type()
            .array()
            .items()
            .floatType()
            .noDefault()
            .endRecord();

    private static final Schema QUERIES = SchemaBuilder.record("Query")
            .namespace("org.imagesearch")
            .fields()
            .requiredString(DatasetLayout.TEXT)
            .requiredLong(DatasetLayout.ID)
            .name(DatasetLayout.EMBEDDING)
            .type()
            .array()
            .items()
            .floatType()
            .noDefault()
            .endRecord();

    private EmbeddingSchema() {}

    /** The schema of {@code images/}: id, uri, width, height, caption (may be null), embedding. */
    public static Schema images() {
        return IMAGES;
    }

    /** The schema of {@code queries/}: text, id of its picture, embedding. */
    public static Schema queries() {
        return QUERIES;
    }

    /** The Parquet form of one of the schemas above. */
    public static MessageType parquet(Schema schema) {
        Configuration configuration = new Configuration(false);
        // Avro's own two-level lists are read by few others.
        configuration.setBoolean(AvroWriteSupport.WRITE_OLD_LIST_STRUCTURE, false);
        return new AvroSchemaConverter(configuration).convert(schema);
    }

    /**
     * The fingerprint in a Parquet footer, as our writer or Spark's put it there.
     *
     * @param footer the footer's key-value metadata
     */
    static Optional<Fingerprint> model(Map<String, String> footer) {
        String ours = footer.get(MODEL_KEY);
        if (ours != null) {
            return Optional.of(new Fingerprint(ours));
        }
        Matcher matcher = SPARK_MODEL.matcher(footer.getOrDefault(SPARK_SCHEMA_KEY, ""));
        return matcher.find() ? Optional.of(new Fingerprint(matcher.group(1))) : Optional.empty();
    }
}
