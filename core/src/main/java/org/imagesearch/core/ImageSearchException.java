package org.imagesearch.core;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Locale;

/**
 * The one unchecked exception of this project. Its message says what went wrong, with which path, shard or id, what was
 * expected and what was found; it is written for the person who reads the terminal.
 */
public class ImageSearchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    /**
     * @param code whose fault it is
     * @param message what went wrong, naming the thing
     */
    public ImageSearchException(ErrorCode code, String message) {
        super(message);
        this.code = code;
    }

    /**
     * @param code whose fault it is
     * @param message what went wrong, naming the thing
     * @param cause what was caught
     */
    public ImageSearchException(ErrorCode code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    public final ErrorCode code() {
        return code;
    }

    /** An {@link ErrorCode#INPUT} error. */
    @FormatMethod
    public static ImageSearchException input(String format, Object... arguments) {
        return new ImageSearchException(ErrorCode.INPUT, String.format(Locale.ROOT, format, arguments));
    }

    /** A {@link ErrorCode#DATA} error. */
    @FormatMethod
    public static ImageSearchException data(String format, Object... arguments) {
        return new ImageSearchException(ErrorCode.DATA, String.format(Locale.ROOT, format, arguments));
    }

    /** A {@link ErrorCode#RESOURCE} error. */
    @FormatMethod
    public static ImageSearchException resource(String format, Object... arguments) {
        return new ImageSearchException(ErrorCode.RESOURCE, String.format(Locale.ROOT, format, arguments));
    }
}
