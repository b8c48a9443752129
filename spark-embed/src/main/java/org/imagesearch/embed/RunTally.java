package org.imagesearch.embed;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.imagesearch.core.ImageSearchException;

/** What a run has tried and what of it failed, by reason, with one example each. Used by one thread. */
final class RunTally {
    private static final int REASONS = 5;

    private final Map<String, Reason> reasons = new TreeMap<>();
    private long tried;

    private record Reason(String name, long count, FailedPicture example) {
        Reason and(Reason other) {
            return new Reason(name, count + other.count, example);
        }
    }

    /** Adds a finished wave. */
    void add(long pictures, Collection<FailedPicture> failures) {
        tried += pictures;
        failures.forEach(
                failure -> reasons.merge(failure.reason(), new Reason(failure.reason(), 1, failure), Reason::and));
    }

    /** Failures by {@code stage/error}. */
    Map<String, Long> errors() {
        Map<String, Long> errors = new TreeMap<>();
        reasons.forEach((name, reason) -> errors.put(name, reason.count));
        return errors;
    }

    /**
     * Whether there are too many failures, together with those of a wave that is not added yet.
     *
     * @param pictures that the wave has tried
     * @param planned pictures that the run means to try
     * @return the error to end with, which names the commonest reasons
     */
    Optional<ImageSearchException> excess(
            FailureLimit limit, long planned, long pictures, Collection<FailedPicture> failures) {
        RunTally all = new RunTally();
        all.tried = tried;
        all.reasons.putAll(reasons);
        all.add(pictures, failures);
        long failed = all.failed();
        return limit.isExceeded(failed, all.tried, planned)
                ? Optional.of(ImageSearchException.data(
                        "%s of %s pictures failed, more than max-failures allows; what was committed before stays: %s",
                        number(failed), number(all.tried), all.commonest()))
                : Optional.empty();
    }

    private long failed() {
        return reasons.values().stream().mapToLong(Reason::count).sum();
    }

    private String commonest() {
        List<Reason> all = new ArrayList<>(reasons.values());
        all.sort(Comparator.comparingLong(Reason::count).reversed());
        return all.stream()
                .limit(REASONS)
                .map(reason -> String.format(
                        Locale.ROOT,
                        "%s %s (%s: %s)",
                        reason.name,
                        number(reason.count),
                        reason.example.uri(),
                        reason.example.message()))
                .collect(Collectors.joining("; "));
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }
}
