package org.imagesearch.core.query;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.imagesearch.core.ImageSearchException;

/**
 * Labels that the hits of a query are sorted under: each under the one whose words are nearest to it.
 *
 * @param labels none, or two at least, each once
 * @param only the one label whose hits are wanted
 */
public record Facets(List<String> labels, Optional<String> only) {
    /** No labels. */
    public static final Facets NONE = new Facets(List.of(), Optional.empty());

    /** @throws ImageSearchException (input) naming the label that is out of place */
    public Facets {
        labels = List.copyOf(labels);
        if (labels.size() == 1) {
            throw ImageSearchException.input("facets has one label, expected two at least");
        }
        HashSet<String> seen = new HashSet<>();
        for (String label : labels) {
            if (!seen.add(label)) {
                throw ImageSearchException.input("facets has the label '%s' more than once", label);
            }
        }
        if (only.isPresent() && !seen.contains(only.get())) {
            throw ImageSearchException.input("facet is '%s', expected one of facets: %s", only.get(), labels);
        }
    }

    public boolean isEmpty() {
        return labels.isEmpty();
    }
}
