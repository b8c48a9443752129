/**
 * Parquet files of embeddings outside Spark: the schema, declared once in Avro, a streaming reader and a writer.
 *
 * <p>Readers and writers belong to one thread and are closed by whoever opened them. They hold one row group at a time,
 * whatever the size of the file. Programs that use this package bring parquet-avro and a Hadoop client; Spark has both.
 */
package org.imagesearch.core.parquet;
