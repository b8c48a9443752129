package org.imagesearch.core.parquet;

import java.util.Map;
import java.util.Optional;

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
        long id, String uri, int width, int height, Optional<String> caption, Map<String, Object> extra) {}
