package org.imagesearch.core.parquet;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.Type;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.dataset.DatasetLayout;

/** What is known of a picture besides id and embedding; nested and raw binary columns of the input stay behind in the dataset. */
final class PictureFields {
    private static final Set<String> OURS = Set.of(
            DatasetLayout.ID,
            DatasetLayout.URI,
            DatasetLayout.WIDTH,
            DatasetLayout.HEIGHT,
            DatasetLayout.CAPTION,
            DatasetLayout.EMBEDDING);

    private final String file;
    private final ValueColumn uri;
    private final ValueColumn width;
    private final ValueColumn height;
    private final ValueColumn caption;
    private final Map<String, ValueColumn> extra = new LinkedHashMap<>();

    PictureFields(Columns<?> columns, MessageType fileSchema) {
        file = columns.file();
        uri = columns.required(DatasetLayout.URI);
        width = columns.optional(DatasetLayout.WIDTH);
        height = columns.optional(DatasetLayout.HEIGHT);
        caption = columns.optional(DatasetLayout.CAPTION);
        for (Type field : fileSchema.getFields()) {
            if (isOwn(field) && ValueColumn.isPlain(field)) {
                extra.put(field.getName(), columns.column(field));
            }
        }
    }

    /** Whether a column is the input's, not one of ours. */
    static boolean isOwn(Type field) {
        return !OURS.contains(field.getName());
    }

    /** @throws ImageSearchException (data) naming file and id, if there is none */
    String uri(long id) {
        if (uri.value() == null) {
            throw ImageSearchException.data("%s: id %d has no uri", file, id);
        }
        return uri.text();
    }

    int width() {
        return width.intOrZero();
    }

    int height() {
        return height.intOrZero();
    }

    /** Null where there is none. */
    String caption() {
        return caption.text();
    }

    Map<String, Object> extra() {
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
