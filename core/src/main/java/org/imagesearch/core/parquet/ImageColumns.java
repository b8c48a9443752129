package org.imagesearch.core.parquet;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;

/** All columns of {@code images/}; nested and raw binary columns of the input stay behind in the dataset. */
final class ImageColumns extends Columns<EmbeddingRow> {
    private static final Set<String> OURS = Set.of(
            DatasetLayout.ID,
            DatasetLayout.URI,
            DatasetLayout.WIDTH,
            DatasetLayout.HEIGHT,
            DatasetLayout.CAPTION,
            DatasetLayout.EMBEDDING);

    private final ValueColumn uri;
    private final ValueColumn width;
    private final ValueColumn height;
    private final ValueColumn caption;
    private final FloatList embedding;
    private final Map<String, ValueColumn> extra = new LinkedHashMap<>();

    ImageColumns(String file, MessageType fileSchema, int dimension) {
        super(file, fileSchema);
        uri = required(DatasetLayout.URI);
        width = optional(DatasetLayout.WIDTH);
        height = optional(DatasetLayout.HEIGHT);
        caption = optional(DatasetLayout.CAPTION);
        embedding = embedding(dimension);
        for (Type field : fileSchema.getFields()) {
            if (!OURS.contains(field.getName()) && ValueColumn.isPlain(field)) {
                extra.put(field.getName(), column(field));
            }
        }
    }

    @Override
    EmbeddingRow row(long id) {
        if (uri.value() == null) {
            throw ImageSearchException.data("%s: id %d has no uri", file(), id);
        }
        return new EmbeddingRow(
                id,
                uri.text(),
                width.intOrZero(),
                height.intOrZero(),
                Optional.ofNullable(caption.text()),
                embedding.take(id),
                extraValues());
    }

    private Map<String, Object> extraValues() {
        if (extra.isEmpty()) {
            return Map.of();
        }
        Map<String, Object> values = new LinkedHashMap<>();
        extra.forEach((name, column) -> {
            if (column.value() != null) {
                values.put(name, column.value());
            }
        });
        return values;
    }
}
