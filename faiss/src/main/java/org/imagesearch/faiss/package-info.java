/**
 * Faiss for Java: IVFFlat indexes with inner product, spherical k-means, and index files that any Faiss reads.
 *
 * <p>Every object that owns native memory is {@link java.lang.AutoCloseable} and has exactly one owner.
 */
package org.imagesearch.faiss;
