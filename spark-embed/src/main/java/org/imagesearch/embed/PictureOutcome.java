package org.imagesearch.embed;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Locale;
import org.imagesearch.clip.PictureException;

/** What became of a picture. */
sealed interface PictureOutcome {
    /**
     * It has an embedding.
     *
     * @param width pixels, of the picture itself
     * @param height pixels, of the picture itself
     * @param caption or null
     * @param embedding of unit length
     */
    record Embedded(int width, int height, String caption, float[] embedding) implements PictureOutcome {}

    /**
     * It has none.
     *
     * @param stage where it failed
     * @param error the kind, one lower-case word
     * @param message one line of bounded length
     */
    record Failed(Stage stage, String error, String message) implements PictureOutcome {
        private static final int MESSAGE_LENGTH = 300;

        static Failed of(Stage stage, Throwable cause) {
            return new Failed(stage, error(cause), message(cause));
        }

        private static String error(Throwable cause) {
            if (cause instanceof PictureException known) {
                return known.reason().name().toLowerCase(Locale.ROOT);
            } else if (cause instanceof ReadFailure known) {
                return known.error();
            } else if (cause instanceof FileNotFoundException) {
                return "missing";
            }
            return cause instanceof IOException ? "unreadable" : "internal";
        }

        /** One line of at most 300 characters. */
        static String message(Throwable cause) {
            String message =
                    (cause.getMessage() == null ? cause.toString() : cause.getMessage()).replaceAll("\\s+", " ");
            return message.codePointCount(0, message.length()) <= MESSAGE_LENGTH
                    ? message
                    : message.substring(0, message.offsetByCodePoints(0, MESSAGE_LENGTH));
        }
    }
}
