package org.imagesearch.core.parquet;

import java.util.Map;
import java.util.Optional;
import org.imagesearch.core.dataset.DatasetLayout;

/**
 * A picture of a dataset without its embedding.
 *
 * @param id its id
 * @param uri where the picture came from
 * @param width pixels, 0 if the dataset does not say
 * @param height pixels, 0 if the dataset does not say
 * @param caption its caption, where the input has one
 * @param extra the input's own columns: String, Integer, Long, Float, Double or Boolean by name, nulls left out
 */
public record PictureRow(
        long id, String uri, int width, int height, Optional<String> caption, Map<String, Object> extra) {
    /** What filters compare: the value of a column, null where there is none; an unknown size is none. */
    public Object value(String column) {
        return switch (column) {
            case DatasetLayout.ID -> id;
            case DatasetLayout.URI -> uri;
            case DatasetLayout.WIDTH -> width > 0 ? width : null;
            case DatasetLayout.HEIGHT -> height > 0 ? height : null;
            case DatasetLayout.CAPTION -> caption.orElse(null);
            default -> extra.get(column);
        };
    }
}
