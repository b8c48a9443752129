package org.imagesearch.benchmarks;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.math.BigDecimal;
import java.math.MathContext;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * One result. Both sides are rates, so that more is better and a ratio above 1 is in our favour, unless the unit says otherwise.
 *
 * @param bench the benchmark
 * @param variant what distinguishes this figure from the others of the benchmark; {@code case} in JSON
 * @param unit of both numbers, mostly something per second
 * @param ours measured on our side
 * @param other what it is compared to, with its version
 * @param theirs measured on the other side
 * @param ratio ours / theirs
 */
@JsonPropertyOrder({"bench", "case", "unit", "ours", "other", "theirs", "ratio"})
record Figure(
        String bench,
        @JsonProperty("case") String variant,
        String unit,
        double ours,
        String other,
        double theirs,
        double ratio) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Noise is in the third digit; more would only pretend. */
    private static final MathContext RATE = new MathContext(4);

    private static final MathContext RATIO = new MathContext(3);

    /** @throws ImageSearchException (internal) if a rate is not a positive number, which no measurement is */
    Figure {
        if (!(ours > 0 && theirs > 0) || Double.isInfinite(ours) || Double.isInfinite(theirs)) {
            throw new ImageSearchException(
                    ErrorCode.INTERNAL, "measured nothing for " + bench + " " + variant + ": " + ours + ", " + theirs);
        }
    }

    /** A figure with its numbers rounded to the digits that mean something. */
    static Figure of(String bench, String variant, String unit, double ours, String other, double theirs) {
        return new Figure(
                bench, variant, unit, round(ours, RATE), other, round(theirs, RATE), round(ours / theirs, RATIO));
    }

    /** One line of JSON. */
    String toJson() {
        try {
            return MAPPER.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot write a figure as JSON", e);
        }
    }

    private static double round(double value, MathContext digits) {
        return Double.isFinite(value) ? new BigDecimal(value).round(digits).doubleValue() : value;
    }
}
