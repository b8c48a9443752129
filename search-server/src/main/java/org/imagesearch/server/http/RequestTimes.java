package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.AttachmentKey;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.imagesearch.server.query.RequestId;
import org.imagesearch.server.search.Answer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the time of one request goes. Of one that is slow a line in the log tells it, and nothing of what was asked. Each of its
 * threads is done with the request before the next one goes on with it, but for the one that may still look after an answer that is sent
 * already.
 */
final class RequestTimes {
    private static final Logger LOG = LoggerFactory.getLogger(RequestTimes.class);
    private static final AttachmentKey<RequestTimes> KEY = AttachmentKey.create(RequestTimes.class);

    private final long beginNanos = System.nanoTime();
    private long wholeNanos;
    private long waitedNanos;
    private volatile long answeredNanos;
    private int searches;
    private int nprobe;
    private int hits;
    private double encodeMs;
    private double searchMs;

    private RequestTimes() {}

    /** Begins to count the time of a request whose head is there. */
    static RequestTimes begin(HttpServerExchange exchange) {
        RequestTimes times = new RequestTimes();
        exchange.putAttachment(KEY, times);
        return times;
    }

    /** Those of a request that was begun. */
    static RequestTimes of(HttpServerExchange exchange) {
        return exchange.getAttachment(KEY);
    }

    /** All of the request is there, and it waits for a thread. */
    void received() {
        wholeNanos = System.nanoTime();
    }

    /** It has one. */
    void waited(long nanos) {
        waitedNanos = nanos;
    }

    /** A search of it was answered; it may have several. */
    void searched(Answer answer) {
        searches++;
        nprobe = Math.max(nprobe, answer.probed().nprobe());
        hits += answer.hits().size();
        encodeMs += answer.took().encodeMs();
        searchMs += answer.took().searchMs();
    }

    /** The answer, or why there is none, is ready to be sent. */
    void answered() {
        answeredNanos = System.nanoTime();
    }

    /** Nanoseconds since the head was there. */
    long nanos() {
        return System.nanoTime() - beginNanos;
    }

    /**
     * Tells of the request, whose answer is sent, if it was slow: that is from when all of it was there until there was an answer, for
     * how long a client takes to send and to read says nothing of this server.
     *
     * @param route as it is called in metrics
     * @param slowNanos from how many on it is slow
     */
    void tellIfSlow(HttpServerExchange exchange, String route, long slowNanos) {
        long end = System.nanoTime();
        long answered = answeredNanos == 0 ? end : answeredNanos;
        if (wholeNanos == 0 || answered - wholeNanos < slowNanos) {
            return;
        }
        StringBuilder line = new StringBuilder("slow request method=").append(exchange.getRequestMethod());
        line.append(" route=").append(route).append(" status=").append(exchange.getStatusCode());
        append(line, "ms", millis(answered - wholeNanos));
        append(line, "waitMs", millis(waitedNanos));
        if (searches > 0) {
            append(line, "encodeMs", encodeMs);
            append(line, "searchMs", searchMs);
            line.append(" searches=").append(searches);
            line.append(" nprobe=").append(nprobe).append(" hits=").append(hits);
        }
        append(line, "receiveMs", millis(wholeNanos - beginNanos));
        append(line, "sendMs", millis(end - answered));
        RequestId.with(EveryRequest.idOf(exchange), () -> LOG.warn("{}", line));
    }

    private static void append(StringBuilder line, String name, double millis) {
        line.append(' ').append(name).append('=').append(String.format(Locale.ROOT, "%.1f", millis));
    }

    private static double millis(long nanos) {
        return nanos / (double) TimeUnit.MILLISECONDS.toNanos(1);
    }
}
