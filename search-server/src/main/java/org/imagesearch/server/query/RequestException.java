package org.imagesearch.server.query;

import com.google.errorprone.annotations.FormatMethod;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** A request that is refused; the message is for whoever sent it. */
public final class RequestException extends ImageSearchException {
    private static final long serialVersionUID = 1L;

    private final Problem problem;

    private RequestException(Problem problem, String message) {
        super(problem.status() < 500 ? ErrorCode.INPUT : ErrorCode.RESOURCE, message);
        this.problem = problem;
    }

    /** A refusal for a reason. */
    @FormatMethod
    public static RequestException of(Problem problem, String format, Object... arguments) {
        return new RequestException(problem, String.format(format, arguments));
    }

    /** Something in the request itself is wrong. */
    @FormatMethod
    public static RequestException bad(String format, Object... arguments) {
        return new RequestException(Problem.BAD_REQUEST, String.format(format, arguments));
    }

    public Problem problem() {
        return problem;
    }
}
