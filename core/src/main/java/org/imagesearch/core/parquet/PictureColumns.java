package org.imagesearch.core.parquet;

import java.util.Optional;
import org.apache.parquet.schema.MessageType;

/** All columns of {@code images/} but the embedding. */
final class PictureColumns extends Columns<PictureRow> {
    private final PictureFields fields;

    PictureColumns(String file, MessageType fileSchema) {
        super(file, fileSchema);
        fields = new PictureFields(this, fileSchema);
    }

    @Override
    PictureRow row(long id) {
        return new PictureRow(
                id,
                fields.uri(id),
                fields.width(),
                fields.height(),
                Optional.ofNullable(fields.caption()),
                fields.extra());
    }
}
