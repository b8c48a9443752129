/**
 * What is on disk and what everybody means by it: the schema of a dataset of embeddings, the manifests of datasets and
 * indexes, fingerprints and checksums, settings, and the one family of errors.
 *
 * <p>Everything here is immutable and thread-safe unless it says otherwise. The programs never call each other; they meet
 * in the files that this module describes.
 */
package org.imagesearch.core;
