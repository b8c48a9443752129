package org.imagesearch.server.query;

import java.util.Locale;

/** Why a request is refused, and the HTTP status that says so. */
public enum Problem {
    BAD_REQUEST(400),
    UNAUTHORIZED(401),
    FORBIDDEN(403),
    NOT_FOUND(404),
    METHOD_NOT_ALLOWED(405),
    REQUEST_TIMEOUT(408),
    /** A cursor of a generation that is not served any more. */
    GENERATION_GONE(410),
    TOO_LARGE(413),
    UNSUPPORTED_MEDIA_TYPE(415),
    /** The caller asks too often. */
    TOO_MANY_REQUESTS(429),
    INTERNAL(500),
    /** Too much to do, or nothing to answer with yet: worth trying again. */
    UNAVAILABLE(503),
    DEADLINE_EXCEEDED(504);

    private final int status;

    Problem(int status) {
        this.status = status;
    }

    /** The HTTP status. */
    public int status() {
        return status;
    }

    /** The code in the body of an error: {@code bad_request}. */
    public String code() {
        return name().toLowerCase(Locale.ROOT);
    }
}
