package org.imagesearch.clip;

import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** A picture that cannot be decoded, and why. */
public final class PictureException extends ImageSearchException {
    private static final long serialVersionUID = 1L;

    /** Why a picture cannot be decoded. */
    public enum Reason {
        /** No bytes. */
        EMPTY,
        /** Not JPEG, PNG, GIF, BMP or WebP, whatever the file is called. */
        UNKNOWN_FORMAT,
        /** A picture that is not read: of another format that is known, or of a rare form of these five. */
        UNSUPPORTED,
        /** Larger than the limits, by its bytes or by the size it claims. */
        TOO_LARGE,
        /** The data end early. */
        TRUNCATED,
        /** The data contradict themselves. */
        CORRUPT
    }

    private final Reason reason;

    PictureException(Reason reason, String message) {
        super(ErrorCode.INPUT, message);
        this.reason = reason;
    }

    PictureException(Reason reason, String message, Throwable cause) {
        super(ErrorCode.INPUT, message, cause);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
