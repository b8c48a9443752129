package org.imagesearch.server.search;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.imagesearch.core.index.CalibrationEntry;
import org.imagesearch.core.index.CalibrationEntry.Cutoff;
import org.imagesearch.core.index.RecallPoint;
import org.imagesearch.core.query.Term;

/** What a query consists of. Words lie elsewhere than pictures, so that the same nprobe finds less of what is near them. */
enum QueryKind {
    WORDS,
    PICTURES,
    /** Both, or vectors, of which nobody knows what they are. */
    MIXED;

    static QueryKind of(List<Term> terms) {
        if (terms.stream().allMatch(Term.Text.class::isInstance)) {
            return WORDS;
        }
        return terms.stream().allMatch(term -> term instanceof Term.Image || term instanceof Term.Indexed)
                ? PICTURES
                : MIXED;
    }

    /** The recall that was measured with queries of this kind; empty where there were none of them. */
    Optional<Double> recall(RecallPoint point) {
        return switch (this) {
            case WORDS -> point.words();
            case PICTURES -> Optional.of(point.pictures());
            case MIXED -> Optional.of(point.dependable());
        };
    }

    /** Where hits of such queries begin to stand out; empty where that was not measured. */
    Optional<Cutoff> cutoff(CalibrationEntry measured) {
        return switch (this) {
            case WORDS -> measured.words();
            case PICTURES -> measured.pictures();
            // Rather a hit too many than one lost.
            case MIXED ->
                Stream.of(measured.words(), measured.pictures())
                        .flatMap(Optional::stream)
                        .min(Comparator.comparingDouble(Cutoff::standing));
        };
    }

    /** As metrics and answers name it. */
    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
