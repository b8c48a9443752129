package org.imagesearch.core.parquet;

/**
 * A caption through the text encoder.
 *
 * @param text the caption
 * @param id the picture that has this caption
 * @param embedding float[dimension], owned by the receiver
 */
@SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
public record QueryRow(String text, long id, float[] embedding) {}
