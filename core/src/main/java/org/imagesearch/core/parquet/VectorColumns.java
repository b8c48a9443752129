package org.imagesearch.core.parquet;

import org.apache.parquet.schema.MessageType;

/** Id and embedding. */
final class VectorColumns extends Columns<IdVector> {
    private final FloatList embedding;

    VectorColumns(String file, MessageType fileSchema, int dimension) {
        super(file, fileSchema);
        embedding = embedding(dimension);
    }

    @Override
    IdVector row(long id) {
        return new IdVector(id, embedding.take(id));
    }
}
