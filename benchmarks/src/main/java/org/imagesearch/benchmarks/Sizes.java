package org.imagesearch.benchmarks;

import org.imagesearch.core.ImageSearchException;

/** Checks of what the command line says. */
final class Sizes {
    private Sizes() {}

    /** @throws ImageSearchException (input) naming the option, if its value is out of range */
    static void requireRange(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw ImageSearchException.input("%s is %d, expected %d to %d", option, value, least, most);
        }
    }
}
