package org.imagesearch.server.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import org.imagesearch.clip.PictureException;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.query.RequestId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How answers and errors are written. Thread-safe. */
final class Responses {
    static final String JSON = "application/json";

    private static final Logger LOG = LoggerFactory.getLogger(Responses.class);
    private static final ObjectMapper MAPPER =
            JsonMapper.builder().addModule(new Jdk8Module()).build();

    private static final int MAX_MESSAGE = 400;

    private final Duration retryAfter;
    private final boolean plainMessages;

    Responses(Duration retryAfter) {
        this(retryAfter, false);
    }

    private Responses(Duration retryAfter, boolean plainMessages) {
        this.retryAfter = retryAfter;
        this.plainMessages = plainMessages;
    }

    /** The same, but errors are {@code {"message": ...}}, as clip-retrieval has them. */
    Responses withPlainMessages() {
        return new Responses(retryAfter, true);
    }

    /**
     * The body of an error.
     *
     * @param error what went wrong
     */
    record ErrorBody(Detail error) {
        record Detail(String code, String message, String requestId) {}
    }

    void json(HttpServerExchange exchange, Object body) {
        json(exchange, 200, body);
    }

    void json(HttpServerExchange exchange, int status, Object body) {
        try {
            send(exchange, status, JSON, MAPPER.writeValueAsBytes(body));
        } catch (JsonProcessingException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot write " + body.getClass() + " as JSON", e);
        }
    }

    void send(HttpServerExchange exchange, int status, String type, byte[] body) {
        exchange.setStatusCode(status);
        exchange.getResponseHeaders().put(Headers.CONTENT_TYPE, type);
        if (exchange.isInIoThread()) {
            exchange.getResponseSender().send(ByteBuffer.wrap(body));
        } else {
            // A client may ask again before a worker that wrote its answer has ended the exchange: the connection's
            // thread then wakes for a request that it must not read yet, or waits in a loop while that worker is put
            // aside.
            exchange.dispatch(
                    exchange.getIoThread(), () -> exchange.getResponseSender().send(ByteBuffer.wrap(body)));
        }
    }

    /** Answers with what went wrong; a defect of ours is logged with its stack and told without. */
    void error(HttpServerExchange exchange, Throwable thrown) {
        Problem problem = problemOf(thrown);
        log(exchange, problem, thrown);
        if (exchange.isResponseStarted()) {
            // The status is out already: only a cut connection tells the client that the rest is missing.
            exchange.setPersistent(false);
            exchange.endExchange();
            return;
        }
        if (problem == Problem.UNAVAILABLE) {
            exchange.getResponseHeaders().put(Headers.RETRY_AFTER, Math.max(1, retryAfter.toSeconds()));
        }
        exchange.getResponseHeaders().put(Headers.CACHE_CONTROL, "no-store");
        // What the route may have promised already.
        exchange.getResponseHeaders().remove(Headers.ETAG);
        exchange.getResponseHeaders().remove(Headers.CONTENT_LENGTH);
        Object body =
                plainMessages ? Map.of("message", message(problem, thrown)) : errorBody(exchange, problem, thrown);
        json(exchange, problem.status(), body);
    }

    /** What went wrong with a part of a request, told as {@link #error} tells it of a whole one. */
    ErrorBody errorBody(HttpServerExchange exchange, Throwable thrown) {
        Problem problem = problemOf(thrown);
        log(exchange, problem, thrown);
        return errorBody(exchange, problem, thrown);
    }

    private static ErrorBody errorBody(HttpServerExchange exchange, Problem problem, Throwable thrown) {
        return new ErrorBody(
                new ErrorBody.Detail(problem.code(), message(problem, thrown), EveryRequest.idOf(exchange)));
    }

    /** With the id: not every thread that answers has it. */
    private static void log(HttpServerExchange exchange, Problem problem, Throwable thrown) {
        if (!(thrown instanceof RequestException) && problem.status() >= 500) {
            RequestId.with(
                    EveryRequest.idOf(exchange),
                    () -> LOG.error(
                            "request failed method={} path={}",
                            exchange.getRequestMethod(),
                            exchange.getRequestPath(),
                            thrown));
        }
    }

    private static String message(Problem problem, Throwable thrown) {
        return thrown instanceof RequestException || problem.status() < 500
                ? readable(thrown.getMessage())
                : "the server failed; its log says why";
    }

    private static Problem problemOf(Throwable thrown) {
        if (thrown instanceof RequestException refused) {
            return refused.problem();
        } else if (thrown instanceof PictureException picture) {
            return switch (picture.reason()) {
                case TOO_LARGE -> Problem.TOO_LARGE;
                case UNKNOWN_FORMAT, UNSUPPORTED -> Problem.UNSUPPORTED_MEDIA_TYPE;
                case EMPTY, TRUNCATED, CORRUPT -> Problem.BAD_REQUEST;
            };
        } else if (thrown instanceof ImageSearchException known && known.code() == ErrorCode.INPUT) {
            return Problem.BAD_REQUEST;
        } else if (thrown instanceof ImageSearchException known && known.code() == ErrorCode.RESOURCE) {
            return Problem.UNAVAILABLE;
        }
        return Problem.INTERNAL;
    }

    /** Short, on one line and valid Unicode, whatever of the request a message repeats. */
    static String readable(String message) {
        int[] shown = message.codePoints()
                .limit(MAX_MESSAGE)
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE ? '\ufffd' : c)
                .toArray();
        String text = new String(shown, 0, shown.length);
        return shown.length < MAX_MESSAGE ? text : text + "…";
    }
}
