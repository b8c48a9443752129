package org.imagesearch.server.search;

import com.fasterxml.jackson.annotation.JsonInclude;
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
 * @param calibration what the percentiles of the hits go by, where the query asked for it
 * @param facets how many hits each label has, where the query gave labels; before those of other labels than the wanted one are left out
 * @param next where the next page begins, if there is one
 */
public record Answer(
        String generation,
        Took took,
        Probed probed,
        Coverage shards,
        List<Hit> hits,
        @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<Background> calibration,
        @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<List<FacetCount>> facets,
        @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<String> next) {
    /**
     * The scores of the query with random pictures of the index.
     *
     * @param sample how many pictures
     * @param mean of their scores
     * @param deviation the standard deviation of their scores
     * @param cutoff the score at which hits of such a query begin to stand out, where that was measured
     */
    public record Background(
            int sample,
            double mean,
            double deviation,
            @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<Double> cutoff) {}

    /**
     * A label, and the hits that have it.
     *
     * @param share of the hits, 0 to 1
     */
    public record FacetCount(String label, int count, double share) {}

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
     * @param percentile share of random pictures of the index, 0 to 1, that score lower, where the query asked for it
     * @param facet the label that it has of those that the query gave
     * @param facetConfidence how sure that is, 0 to 1
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
            Optional<List<Long>> duplicates,
            @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<Double> percentile,
            @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<String> facet,
            @JsonInclude(JsonInclude.Include.NON_ABSENT) Optional<Double> facetConfidence) {
        Hit withoutVector() {
            return with(Optional.empty(), duplicates, percentile, facet, facetConfidence);
        }

        Hit withDuplicates(List<Long> ids) {
            return with(vector, Optional.of(ids), percentile, facet, facetConfidence);
        }

        Hit withPercentile(double value) {
            return with(vector, duplicates, Optional.of(value), facet, facetConfidence);
        }

        Hit withFacet(String label, double confidence) {
            return with(vector, duplicates, percentile, Optional.of(label), Optional.of(confidence));
        }

        private Hit with(
                Optional<float[]> vector,
                Optional<List<Long>> duplicates,
                Optional<Double> percentile,
                Optional<String> facet,
                Optional<Double> facetConfidence) {
            return new Hit(
                    id,
                    score,
                    uri,
                    width,
                    height,
                    caption,
                    columns,
                    vector,
                    duplicates,
                    percentile,
                    facet,
                    facetConfidence);
        }
    }
}
