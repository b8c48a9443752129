package org.imagesearch.faiss;

import org.imagesearch.core.ImageSearchException;

/** Checks before native code, which would read past the end of a short array. */
final class Arguments {
    private Arguments() {}

    static void requireLength(String name, long got, long expected) {
        if (got < expected) {
            throw ImageSearchException.input("%s has %d values, expected %d", name, got, expected);
        }
    }

    static void requireRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw ImageSearchException.input("%s is %d, expected %d to %d", name, value, least, most);
        }
    }
}
