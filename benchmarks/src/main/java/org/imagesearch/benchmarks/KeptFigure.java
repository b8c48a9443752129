package org.imagesearch.benchmarks;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * A {@link Figure} of a day, as the history keeps it.
 *
 * @param date when it was measured, ISO-8601
 * @param commit what it was measured of
 * @param machine where, in a few words
 */
@JsonPropertyOrder({"date", "commit", "machine", "bench", "case", "unit", "ours", "other", "theirs", "ratio"})
record KeptFigure(
        String date,
        String commit,
        String machine,
        String bench,
        @JsonProperty("case") String variant,
        String unit,
        double ours,
        String other,
        double theirs,
        double ratio) {
    static final ObjectMapper MAPPER = new ObjectMapper();

    KeptFigure(String date, String commit, String machine, Figure figure) {
        this(
                date,
                commit,
                machine,
                figure.bench(),
                figure.variant(),
                figure.unit(),
                figure.ours(),
                figure.other(),
                figure.theirs(),
                figure.ratio());
    }

    /** What is compared with what: the benchmark and its case. */
    String name() {
        return bench + " " + variant;
    }

    /** Rates and recall grow as things get better; times and sizes do not. */
    @JsonIgnore
    boolean moreIsBetter() {
        return unit.contains("/s") || unit.startsWith("recall") || unit.startsWith("query at");
    }

    String toJson() {
        try {
            return MAPPER.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot write a figure as JSON", e);
        }
    }
}
