package org.imagesearch.server.http;

import io.undertow.server.HttpHandler;
import io.undertow.server.HttpServerExchange;
import io.undertow.util.Headers;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLSession;
import org.imagesearch.server.nodes.NodeService;
import org.imagesearch.server.nodes.NodeSettings;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.tls.TlsClient;
import org.imagesearch.server.tls.TlsFiles;

/** {@code GET /node}: a broker asks to go on over the same connection in the protocol of nodes. */
final class NodeRoute implements HttpHandler {
    private static final String BEARER = "Bearer ";

    private final NodeService node;
    private final NodeSettings settings;
    private final Responses responses;

    /** @param settings tell what a broker must show */
    NodeRoute(NodeService node, NodeSettings settings, Responses responses) {
        this.node = node;
        this.settings = settings;
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
        List<X509Certificate> shown = certificates(exchange);
        exchange.upgradeChannel(
                NodeService.protocol(), (connection, upgraded) -> node.serve(UpgradedConnection.of(connection, shown)));
        exchange.endExchange();
    }

    private void requireAllowed(HttpServerExchange exchange) {
        if (settings.acceptCertificates() && !certificates(exchange).isEmpty()) {
            return;
        }
        if (!settings.secret().isEmpty()) {
            requireSecret(exchange);
        } else if (settings.acceptCertificates()) {
            throw RequestException.of(
                    Problem.UNAUTHORIZED,
                    "a certificate as serve.http.tls.client-trust of the node wants it is needed");
        } else {
            requireThisMachine(exchange);
        }
    }

    /** Those that the broker has shown, which are good: others have ended the handshake. */
    private static List<X509Certificate> certificates(HttpServerExchange exchange) {
        return tls(exchange).map(TlsFiles::shown).orElse(List.of());
    }

    private static Optional<SSLSession> tls(HttpServerExchange exchange) {
        return Optional.ofNullable(exchange.getConnection().getSslSession());
    }

    private void requireSecret(HttpServerExchange exchange) {
        String given = exchange.getRequestHeaders().getFirst(Headers.AUTHORIZATION);
        String wanted = BEARER + settings.secret();
        // Compared in a time that tells nothing of where they differ.
        if (given == null
                || !MessageDigest.isEqual(
                        given.getBytes(StandardCharsets.UTF_8), wanted.getBytes(StandardCharsets.UTF_8))) {
            throw RequestException.of(Problem.UNAUTHORIZED, "serve.nodes.secret of the node's settings is needed");
        }
    }

    private static void requireThisMachine(HttpServerExchange exchange) {
        InetSocketAddress peer = exchange.getConnection().getPeerAddress(InetSocketAddress.class);
        if (peer == null || !peer.getAddress().isLoopbackAddress()) {
            throw RequestException.of(
                    Problem.FORBIDDEN,
                    "not allowed: without serve.nodes.secret in the node's settings only its own machine may ask");
        }
    }

    private void requireProtocol(HttpServerExchange exchange) {
        String wanted = exchange.getRequestHeaders().getFirst(Headers.UPGRADE);
        if (!NodeService.protocol().equals(wanted)) {
            throw RequestException.bad(
                    "the connection is to be upgraded to '%s', this node speaks %s",
                    wanted == null ? "" : Responses.readable(wanted), NodeService.protocol());
        }
        tls(exchange).map(SSLSession::getProtocol).ifPresent(NodeRoute::requireKeysThatStay);
        if (!node.hasRoom()) {
            throw RequestException.of(Problem.UNAVAILABLE, "too many brokers are connected");
        }
    }

    private static void requireKeysThatStay(String version) {
        if (!TlsClient.speaks(version)) {
            throw RequestException.bad("the connection is encrypted with %s, a broker's must not be", version);
        }
    }
}
