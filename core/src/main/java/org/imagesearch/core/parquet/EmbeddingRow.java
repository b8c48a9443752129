package org.imagesearch.core.parquet;

import java.util.Map;
import java.util.Optional;

/**
 * A picture of a dataset.
 *
 * @param id its id
 * @param uri where the picture came from
 * @param width pixels, 0 if the dataset does not say
 * @param height pixels, 0 if the dataset does not say
 * @param caption its caption, where the input has one
 * @param embedding float[dimension], owned by the receiver
 * @param extra the input's own columns: String, Integer, Long, Float, Double or Boolean by name, nulls left out
 */
@SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
public record EmbeddingRow(
        long id,
        String uri,
        int width,
        int height,
        Optional<String> caption,
        float[] embedding,
        Map<String, Object> extra) {}
