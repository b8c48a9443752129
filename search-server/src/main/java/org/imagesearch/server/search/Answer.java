package org.imagesearch.server.search;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The answer to a query, in the shape in which it travels.
 *
 * @param generation the generation that answered
 * @param took where the time went
 * @param probed how much of the index was compared
 * @param shards which shards answered
 * @param hits best first; equal scores by ascending id
 */
public record Answer(String generation, Took took, Probed probed, Coverage shards, List<Hit> hits) {
    /**
     * Where the time went, in milliseconds.
     *
     * @param encodeMs from terms to a vector
     * @param searchMs from the vector to hits with rows
     * @param totalMs both, and what lies between
     */
    public record Took(double encodeMs, double searchMs, double totalMs) {}

    /**
     * How much of the index was compared.
     *
     * @param nprobe inverted lists scanned in every shard
     * @param expectedRecall mean recall@10 there by the curve that was measured when the index was built, with queries like
     *     this one; absent if it had none
     */
    public record Probed(int nprobe, Optional<Double> expectedRecall) {}

    /**
     * Which shards answered.
     *
     * @param total shards served
     * @param answered shards whose hits are in the answer
     * @param degraded the others, and why
     */
    public record Coverage(int total, int answered, List<Missing> degraded) {}

    /**
     * A shard that did not answer.
     *
     * @param reason one of those of {@link org.imagesearch.server.index.ShardHits}: {@code deadline}, {@code overloaded} …
     */
    public record Missing(int shard, String reason) {}

    /**
     * A picture found.
     *
     * @param score inner product of unit vectors, -1 to 1, higher is nearer
     * @param columns the input's own columns
     * @param vector its embedding, where the query asked for it
     * @param duplicates ids of its near duplicates among the hits, best first, where the query asked for them
     */
    public record Hit(
            long id,
            float score,
            String uri,
            int width,
            int height,
            Optional<String> caption,
            Map<String, Object> columns,
            Optional<float[]> vector,
            Optional<List<Long>> duplicates) {
        Hit withoutVector() {
            return new Hit(id, score, uri, width, height, caption, columns, Optional.empty(), duplicates);
        }

        Hit withDuplicates(List<Long> ids) {
            return new Hit(id, score, uri, width, height, caption, columns, vector, Optional.of(ids));
        }
    }
}
