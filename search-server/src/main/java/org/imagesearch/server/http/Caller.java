package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.AttachmentKey;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.imagesearch.server.access.ApiKey;

/**
 * Who sent a request.
 *
 * @param address of the client, or of a proxy whose word is not believed
 * @param key that the request carried
 */
record Caller(InetAddress address, Optional<ApiKey> key) {
    private static final AttachmentKey<Caller> ATTACHMENT = AttachmentKey.create(Caller.class);

    /** The caller of a request that a {@link Doorkeeper} let in. */
    static Caller of(HttpServerExchange exchange) {
        Caller known = exchange.getAttachment(ATTACHMENT);
        return known != null ? known : new Caller(peer(exchange), Optional.empty());
    }

    static InetAddress peer(HttpServerExchange exchange) {
        return exchange.getConnection().getPeerAddress(InetSocketAddress.class).getAddress();
    }

    void attachTo(HttpServerExchange exchange) {
        exchange.putAttachment(ATTACHMENT, this);
    }

    /** For logs: the name of the key, never the key. */
    @Override
    public String toString() {
        return key.map(known -> known.name() + "@").orElse("") + address.getHostAddress();
    }
}
