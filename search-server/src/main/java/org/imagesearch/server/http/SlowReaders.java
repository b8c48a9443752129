package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.xnio.IoUtils;

/**
 * Cuts off clients that do not read their answers, or read them so slowly that they only hold what answers take: between two looks
 * some of the answer must have left. Thread-safe.
 */
final class SlowReaders {
    /** Of an answer between two looks; over half a minute that is slower than any modem. */
    private static final long LEAST_BYTES = 16 << 10;

    private final Consumer<Refusal> count;

    /** Answers that have begun and not ended, with what of them had left at the last look; less than none before the first. */
    private final Map<HttpServerExchange, Long> answering = new ConcurrentHashMap<>();

    SlowReaders(Consumer<Refusal> count) {
        this.count = count;
    }

    /** Looks after an exchange from when its answer begins until it has ended. */
    void watch(HttpServerExchange exchange) {
        exchange.addResponseCommitListener(beginning -> answering.put(beginning, Long.MIN_VALUE));
        exchange.addExchangeCompleteListener((ended, next) -> {
            answering.remove(ended);
            next.proceed();
        });
    }

    /** Looks at all of them. */
    void look() {
        answering.keySet().forEach(exchange -> {
            try {
                exchange.getIoThread().execute(() -> look(exchange));
            } catch (RejectedExecutionException e) {
                // The server stops, and with it every connection.
            }
        });
    }

    private void look(HttpServerExchange exchange) {
        long sent = exchange.getResponseBytesSent();
        Long before = answering.replace(exchange, sent);
        if (before != null && before >= 0 && sent - before < LEAST_BYTES) {
            answering.remove(exchange);
            count.accept(Refusal.SLOW_READER);
            IoUtils.safeClose(exchange.getConnection());
        }
    }

    /** Answers that have begun and not ended. */
    int answering() {
        return answering.size();
    }
}
