package org.imagesearch.server.http;

import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import org.imagesearch.server.nodes.NodeService;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.xnio.IoUtils;
import org.xnio.StreamConnection;
import org.xnio.streams.ChannelInputStream;
import org.xnio.streams.ChannelOutputStream;

/** {@code GET /node}: a broker asks to go on over the same connection in the protocol of nodes. */
final class NodeRoute implements HttpHandler {
    private static final String BEARER = "Bearer ";

    private final NodeService node;
    private final String secret;
    private final Responses responses;

    /** @param secret what a broker must show; empty to let in whoever is on this machine */
    NodeRoute(NodeService node, String secret, Responses responses) {
        this.node = node;
        this.secret = secret;
        this.responses = responses;
    }

    @Override
    public void handleRequest(HttpServerExchange exchange) {
        try {
            requireAllowed(exchange);
            requireProtocol(exchange);
        } catch (RequestException e) {
            exchange.setPersistent(false);
            responses.error(exchange, e);
            return;
        }
        exchange.upgradeChannel(NodeService.protocol(), (connection, upgraded) -> serve(connection));
        exchange.endExchange();
    }

    private void serve(StreamConnection connection) {
        InetSocketAddress peer = connection.getPeerAddress(InetSocketAddress.class);
        // The two threads of the conversation wait for the channels themselves.
        connection.getSourceChannel().suspendReads();
        connection.getSinkChannel().suspendWrites();
        node.serve(
                peer == null ? "unknown" : peer.getHostString() + ":" + peer.getPort(),
                new ChannelInputStream(connection.getSourceChannel()),
                new ChannelOutputStream(connection.getSinkChannel()),
                () -> IoUtils.safeClose(connection));
    }

    private void requireAllowed(HttpServerExchange exchange) {
        if (secret.isEmpty()) {
            InetSocketAddress peer = exchange.getConnection().getPeerAddress(InetSocketAddress.class);
            if (peer == null || !peer.getAddress().isLoopbackAddress()) {
                throw RequestException.of(
                        Problem.FORBIDDEN,
                        "not allowed: without serve.nodes.secret in the node's settings only its own machine may ask");
            }
            return;
        }
        String given = exchange.getRequestHeaders().getFirst(Headers.AUTHORIZATION);
        // Compared in a time that tells nothing of where they differ.
        if (given == null
                || !MessageDigest.isEqual(
                        given.getBytes(StandardCharsets.UTF_8), (BEARER + secret).getBytes(StandardCharsets.UTF_8))) {
            throw RequestException.of(Problem.UNAUTHORIZED, "serve.nodes.secret of the node's settings is needed");
        }
    }

    private void requireProtocol(HttpServerExchange exchange) {
        String wanted = exchange.getRequestHeaders().getFirst(Headers.UPGRADE);
        if (!NodeService.protocol().equals(wanted)) {
            throw RequestException.bad(
                    "the connection is to be upgraded to '%s', this node speaks %s",
                    wanted == null ? "" : Responses.readable(wanted), NodeService.protocol());
        }
        if (!node.hasRoom()) {
            throw RequestException.of(Problem.UNAVAILABLE, "too many brokers are connected");
        }
    }
}
