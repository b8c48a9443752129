package org.imagesearch.core.parquet;

import org.apache.parquet.schema.MessageType;

/** The id alone. */
final class IdColumns extends Columns<Long> {
    IdColumns(String file, MessageType fileSchema) {
        super(file, fileSchema);
    }

    @Override
    Long row(long id) {
        return id;
    }
}
