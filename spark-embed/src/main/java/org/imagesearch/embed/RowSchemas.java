package org.imagesearch.embed;

import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.Metadata;
import org.apache.spark.sql.types.MetadataBuilder;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.dataset.DatasetLayout;
import org.imagesearch.core.parquet.EmbeddingSchema;

/** The tables of a dataset as Spark types. They agree with {@link EmbeddingSchema}, which declares them. */
final class RowSchemas {
    static final StructType FAILURES = new StructType()
            .add(DatasetLayout.ID, DataTypes.LongType, false)
            .add(DatasetLayout.URI, DataTypes.StringType, false)
            .add(DatasetLayout.STAGE, DataTypes.StringType, false)
            .add(DatasetLayout.ERROR, DataTypes.StringType, false)
            .add(DatasetLayout.MESSAGE, DataTypes.StringType, false)
            .add(DatasetLayout.ATTEMPTS, DataTypes.IntegerType, false);

    private RowSchemas() {}

    /** images/: the model's fingerprint goes into the footer of every file, as metadata of the embedding column. */
    static StructType images(Fingerprint model) {
        return images(model, new StructType());
    }

    /**
     * The same with the input's own columns behind ours.
     *
     * @param own their names are none of ours
     */
    static StructType images(Fingerprint model, StructType own) {
        StructType images = new StructType()
                .add(DatasetLayout.ID, DataTypes.LongType, false)
                .add(DatasetLayout.URI, DataTypes.StringType, false)
                .add(DatasetLayout.WIDTH, DataTypes.IntegerType, false)
                .add(DatasetLayout.HEIGHT, DataTypes.IntegerType, false)
                .add(DatasetLayout.CAPTION, DataTypes.StringType, true)
                .add(DatasetLayout.EMBEDDING, floats(), false, fingerprint(model));
        for (StructField field : own.fields()) {
            images = images.add(field.name(), field.dataType(), true);
        }
        return images;
    }

    /** queries/. */
    static StructType queries(Fingerprint model) {
        return new StructType()
                .add(DatasetLayout.TEXT, DataTypes.StringType, false)
                .add(DatasetLayout.ID, DataTypes.LongType, false)
                .add(DatasetLayout.EMBEDDING, floats(), false, fingerprint(model));
    }

    private static ArrayType floats() {
        return DataTypes.createArrayType(DataTypes.FloatType, false);
    }

    private static Metadata fingerprint(Fingerprint model) {
        return new MetadataBuilder()
                .putString(EmbeddingSchema.MODEL_KEY, model.value())
                .build();
    }
}
