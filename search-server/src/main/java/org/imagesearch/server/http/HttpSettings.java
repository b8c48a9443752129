package org.imagesearch.server.http;

import java.time.Duration;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.tls.TlsSettings;

/**
 * Limits of the connections and requests.
 *
 * @param host address to listen on; {@code 0.0.0.0} for all
 * @param port to listen on; 0 for any free one
 * @param tls how connections are encrypted
 * @param allowOrigin origins whose pages may search, beside our own; {@code *} for all
 * @param clipRetrievalOrigin origins whose pages may ask what clip-retrieval's page asks, beside those; {@code *} for all
 * @param threads requests answered at the same time
 * @param queue requests that wait for a thread at most; beyond it they are refused with 503
 * @param queueTime how long a request waits for a thread at most; beyond it, it is refused with 503
 * @param connections open at most
 * @param connectionsPerAddress of those, from one address
 * @param body bytes of a request's body at most
 * @param bodyMemory bytes of all bodies under way together, at most; one more is refused with 503
 * @param headTimeout time in which the head of a request must arrive, once it has begun
 * @param bodyTimeout time in which a body must arrive
 * @param writeTimeout time in which some of an answer must be read; a client that does not is cut off within twice that
 * @param idleTimeout time after which an idle connection is closed
 * @param retryAfter what a refused client is told to wait
 * @param stopTimeout time that requests under way get when the server stops
 * @param slowRequest from how long on the log tells where the time of a request went; 0 tells of all
 */
public record HttpSettings(
        String host,
        int port,
        TlsSettings tls,
        List<String> allowOrigin,
        List<String> clipRetrievalOrigin,
        int threads,
        int queue,
        Duration queueTime,
        int connections,
        int connectionsPerAddress,
        Bytes body,
        Bytes bodyMemory,
        Duration headTimeout,
        Duration bodyTimeout,
        Duration writeTimeout,
        Duration idleTimeout,
        Duration retryAfter,
        Duration stopTimeout,
        Duration slowRequest) {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofDays(1);

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public HttpSettings {
        requireRange("port", port, 0, 65_535);
        allowOrigin = List.copyOf(allowOrigin);
        clipRetrievalOrigin = List.copyOf(clipRetrievalOrigin);
        Origins.of("allow-origin", allowOrigin);
        Origins.of("clip-retrieval-origin", clipRetrievalOrigin);
        requireRange("threads", threads, 1, 4096);
        requireRange("queue", queue, 0, 1_000_000);
        requireRange("connections", connections, 1, 1_000_000);
        requireRange("connections-per-address", connectionsPerAddress, 1, 1_000_000);
        requireRange("body", body.count(), 1024, 1 << 30);
        requireRange("body-memory", bodyMemory.count(), body.count(), Long.MAX_VALUE);
        requireRange("head-timeout", headTimeout);
        requireRange("queue-time", queueTime);
        requireRange("body-timeout", bodyTimeout);
        requireRange("write-timeout", writeTimeout);
        requireRange("idle-timeout", idleTimeout);
        requireRange("retry-after", retryAfter);
        requireRange("stop-timeout", stopTimeout);
        if (slowRequest.isNegative() || slowRequest.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.http.slow-request is %s, expected 0 to 1 day", inSeconds(slowRequest));
        }
    }

    Origins origins() {
        return Origins.of("allow-origin", allowOrigin);
    }

    Origins originsOfClipRetrieval() {
        return origins().and(Origins.of("clip-retrieval-origin", clipRetrievalOrigin));
    }

    private static void requireRange(String name, Duration value) {
        if (value.compareTo(SHORTEST) < 0 || value.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.http.%s is %s, expected 1 ms to 1 day", name, inSeconds(value));
        }
    }

    private static String inSeconds(Duration value) {
        return value.toNanos() / 1e9 + " s";
    }

    private static void requireRange(String name, long value, long least, long most) {
        if (value < least || value > most) {
            throw ImageSearchException.input(
                    "setting serve.http.%s is %d, expected %d to %d", name, value, least, most);
        }
    }
}
