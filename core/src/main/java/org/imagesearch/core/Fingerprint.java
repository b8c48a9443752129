package org.imagesearch.core;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.regex.Pattern;

/**
 * The identity of a model bundle: {@code sha256:} and 64 hexadecimal digits over everything that shapes an embedding. It
 * travels with all that is made from the model; what carries different fingerprints is never combined.
 *
 * @param value the text form
 */
public record Fingerprint(@JsonValue String value) {
    private static final Pattern FORM = Pattern.compile("sha256:[0-9a-f]{64}");

    /** @throws ImageSearchException (data) if the text is not a fingerprint */
    @JsonCreator
    public Fingerprint {
        if (value == null || !FORM.matcher(value).matches()) {
            throw ImageSearchException.data("not a model fingerprint: %s (expected sha256: and 64 hex digits)", value);
        }
    }

    /**
     * Refuses to combine what different models made.
     *
     * @param thisName what carries this fingerprint, for the message
     * @param other the other fingerprint
     * @param otherName what carries the other one
     * @throws ImageSearchException (data) naming both, if they differ
     */
    public void requireSame(String thisName, Fingerprint other, String otherName) {
        if (!equals(other)) {
            throw ImageSearchException.data(
                    "%s has model fingerprint %s, but %s has %s: they were made with different models",
                    thisName, value, otherName, other.value);
        }
    }

    @Override
    public String toString() {
        return value;
    }
}
