/**
 * NPY files of embeddings, numpy's own format: one array of rows of 16- or 32-bit floats.
 *
 * <p>clip-retrieval and autofaiss keep embeddings in such files. Readers and writers stream: a row is in memory, whatever the size
 * of the file. They belong to one thread and are closed by whoever opened them.
 */
package org.imagesearch.core.npy;
