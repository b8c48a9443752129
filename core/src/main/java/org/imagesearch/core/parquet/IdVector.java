package org.imagesearch.core.parquet;

/**
 * An embedding and the picture it belongs to.
 *
 * @param id the picture's id
 * @param embedding float[dimension], owned by the receiver
 */
@SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
public record IdVector(long id, float[] embedding) {}
