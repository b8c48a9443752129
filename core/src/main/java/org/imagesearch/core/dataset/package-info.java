/**
 * A dataset of embeddings on disk: the Parquet schema, the folders, and {@code dataset.json}.
 *
 * <pre>
 * embeddings/
 *   dataset.json             {@link org.imagesearch.core.dataset.DatasetManifest}
 *   images/wave=000000/      one committed wave of pictures, Parquet
 *   failures/                pictures that could not be embedded, Parquet
 *   queries/                 a sample of captions through the text encoder, Parquet
 * </pre>
 */
package org.imagesearch.core.dataset;
