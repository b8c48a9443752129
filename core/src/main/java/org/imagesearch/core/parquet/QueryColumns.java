package org.imagesearch.core.parquet;

import org.apache.parquet.schema.MessageType;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;

/** The columns of {@code queries/}. */
final class QueryColumns extends Columns<QueryRow> {
    private final ValueColumn text;
    private final FloatList embedding;

    QueryColumns(String file, MessageType fileSchema, int dimension) {
        super(file, fileSchema);
        text = required(DatasetLayout.TEXT);
        embedding = embedding(dimension);
    }

    @Override
    QueryRow row(long id) {
        if (text.value() == null) {
            throw ImageSearchException.data("%s: the query of id %d has no text", file(), id);
        }
        return new QueryRow(text.text(), id, embedding.take(id));
    }
}
