package org.imagesearch.core;

/** What a failure began with: a native library that cannot be loaded is told as such by the last of several causes. */
public final class RootCause {
    private RootCause() {}

    /** The message of the last cause, or its name where it has none. */
    public static String of(Throwable thrown) {
        Throwable last = thrown;
        while (last.getCause() != null) {
            last = last.getCause();
        }
        return last.getMessage() == null ? last.toString() : last.getMessage();
    }
}
