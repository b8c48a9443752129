/**
 * An index on disk: generations, each a directory written completely, checksummed, then published by replacing {@code CURRENT}.
 *
 * <pre>
 * index/
 *   CURRENT                  the name of the published generation
 *   nodes                    servers that have the shards, for brokers; may be absent
 *   takedowns.jsonl          pictures that must not be shown: {@link org.imagesearch.core.index.Takedowns}
 *   gen-000001/
 *     index.json             {@link org.imagesearch.core.index.IndexManifest}
 *     centroids.faiss        the trained, empty IVF index
 *     shard-00000.faiss      a plain Faiss IVFFlat file; its ids are picture ids
 *     shard-00000.rows/      the rows behind the ids
 * </pre>
 */
package org.imagesearch.core.index;
