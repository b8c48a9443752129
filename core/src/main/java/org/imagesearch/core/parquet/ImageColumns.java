package org.imagesearch.core.parquet;

import java.util.Optional;
import org.apache.parquet.schema.MessageType;

/** All columns of {@code images/}. */
final class ImageColumns extends Columns<EmbeddingRow> {
    private final PictureFields fields;
    private final FloatList embedding;

    ImageColumns(String file, MessageType fileSchema, int dimension) {
        super(file, fileSchema);
        fields = new PictureFields(this, fileSchema);
        embedding = embedding(dimension);
    }

    @Override
    EmbeddingRow row(long id) {
        return new EmbeddingRow(
                id,
                fields.uri(id),
                fields.width(),
                fields.height(),
                Optional.ofNullable(fields.caption()),
                embedding.take(id),
                fields.extra());
    }
}
