package org.imagesearch.core.rows;

import java.util.Map;
import java.util.Optional;

/**
 * What is known of a picture besides its id and embedding.
 *
 * @param uri where the picture came from
 * @param width pixels, 0 if unknown
 * @param height pixels, 0 if unknown
 * @param caption its caption, where it has one
 * @param extra the input's own columns: String, Integer, Long, Float, Double or Boolean by name
 */
public record ImageRow(String uri, int width, int height, Optional<String> caption, Map<String, Object> extra) {
    public ImageRow {
        extra = Map.copyOf(extra);
    }
}
