package org.imagesearch.core;

/**
 * The range of picture ids: 0 to 10<sup>15</sup> - 1. Ids of at most 15 digits survive JavaScript's numbers and the JSON
 * parsers that turn longer ones into strings.
 */
public final class Ids {
    /** One more than the largest id. */
    public static final long LIMIT = 1_000_000_000_000_000L;

    private Ids() {}

    public static boolean isValid(long id) {
        return id >= 0 && id < LIMIT;
    }

    /** @throws ImageSearchException (input) naming the id, if it is out of range */
    public static long requireValid(long id) {
        if (!isValid(id)) {
            throw ImageSearchException.input("id %d is out of range: ids are 0 to %d", id, LIMIT - 1);
        }
        return id;
    }
}
