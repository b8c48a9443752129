package org.imagesearch.core.query;

import java.util.OptionalDouble;
import org.imagesearch.core.ImageSearchException;

/**
 * What a query wants to know of how its hits stand among random pictures of the index.
 *
 * @param told whether hits tell their percentile
 * @param minPercentile share of random pictures, 0 to below 1, that must score lower than a hit
 * @param autoCutoff whether hits are left out that stand out no more than what matches no query of this kind
 */
public record Standing(boolean told, OptionalDouble minPercentile, boolean autoCutoff) {
    /** Nothing. */
    public static final Standing UNASKED = new Standing(false, OptionalDouble.empty(), false);

    /** @throws ImageSearchException (input) if the percentile is none */
    public Standing {
        minPercentile.ifPresent(value -> {
            if (!(value >= 0 && value < 1)) {
                throw ImageSearchException.input("minPercentile is %s, expected at least 0 and less than 1", value);
            }
        });
    }

    /** Whether the index's background must be looked at. */
    public boolean isAsked() {
        return told || minPercentile.isPresent() || autoCutoff;
    }
}
