package org.imagesearch.merge;

import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;

/** A generation that somebody named. */
final class ExistingGeneration {
    private ExistingGeneration() {}

    /** @throws ImageSearchException (input) naming those that there are, if this is none of them */
    static String require(IndexDirectory index, String option, String name) {
        if (!index.generations().contains(name)) {
            throw ImageSearchException.input(
                    "%s is %s, but %s has %s", option, name, index.root(), String.join(", ", index.generations()));
        }
        return name;
    }
}
