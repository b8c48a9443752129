package org.imagesearch.server.http;

import io.undertow.server.Connectors;
import io.undertow.server.HttpServerExchange;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.xnio.channels.StreamSourceChannel;

/**
 * Reads a request's body as it comes, without a thread that waits. Undertow's own receiver takes it byte by byte, under a lock for
 * each: for a vector in JSON that is more work than the search.
 */
final class BodyReceiver {
    private static final byte[] NO_BODY = new byte[0];

    /** What a client says of its body's length, it has not sent yet; more is taken as it comes. */
    private static final int FIRST_BYTES = 64 << 10;

    private final HttpServerExchange exchange;
    private final StreamSourceChannel channel;
    private final int most;
    private final Then then;
    private final ByteBuffer spare = ByteBuffer.allocate(1);
    private ByteBuffer body;

    /** What becomes of a body; one of these is called, once. */
    interface Then {
        void received(byte[] body);

        void tooLarge();

        void failed();
    }

    private BodyReceiver(HttpServerExchange exchange, int most, Then then) {
        this.exchange = exchange;
        this.channel = exchange.getRequestChannel();
        this.most = most;
        this.then = then;
        long said = exchange.getRequestContentLength();
        this.body = ByteBuffer.allocate((int) Math.min(Math.min(said < 0 ? FIRST_BYTES : said, FIRST_BYTES), most));
    }

    /**
     * Begins to read; called on the connection's thread, where all of it happens.
     *
     * @param most bytes of a body
     */
    static void receive(HttpServerExchange exchange, int most, Then then) {
        if (exchange.isRequestComplete()) {
            then.received(NO_BODY);
            return;
        }
        BodyReceiver receiver = new BodyReceiver(exchange, most, then);
        Runnable end = receiver.advance();
        if (end != null) {
            end.run();
            return;
        }
        receiver.channel.getReadSetter().set(readable -> receiver.goOn());
        receiver.channel.resumeReads();
    }

    private void goOn() {
        Runnable end = advance();
        if (end != null) {
            channel.suspendReads();
            channel.getReadSetter().set(null);
            Connectors.executeRootHandler(called -> end.run(), exchange);
        }
    }

    /** Reads what is there; returns what is to be done if that was the end, null if more is to come. */
    private Runnable advance() {
        try {
            while (true) {
                // The end is told only to who asks for more than there is.
                boolean full = !body.hasRemaining();
                int count = channel.read(full ? spare.clear() : body);
                if (count < 0) {
                    byte[] whole = full ? body.array() : Arrays.copyOf(body.array(), body.position());
                    return () -> then.received(whole);
                }
                if (count == 0) {
                    return null;
                }
                if (full) {
                    if (body.capacity() == most) {
                        return then::tooLarge;
                    }
                    grow();
                }
            }
        } catch (IOException | RuntimeException e) {
            // Undertow answers some trailers that are none with exceptions of its own making.
            return then::failed;
        }
    }

    private void grow() {
        int filled = body.capacity();
        body = ByteBuffer.wrap(Arrays.copyOf(body.array(), (int) Math.min(2L * Math.max(1, filled), most)))
                .position(filled)
                .put(spare.flip());
    }
}
