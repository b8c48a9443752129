package org.imagesearch.core.settings;

/**
 * An amount of memory in settings, written {@code 64 MiB}.
 *
 * @param count bytes
 */
public record Bytes(long count) {
    /** @throws ArithmeticException if it is more than an array can hold */
    public int toInt() {
        return Math.toIntExact(count);
    }
}
