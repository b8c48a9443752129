package org.imagesearch.server.http;

import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import org.imagesearch.server.nodes.OpenConnection;
import org.xnio.IoUtils;
import org.xnio.StreamConnection;
import org.xnio.streams.ChannelInputStream;
import org.xnio.streams.ChannelOutputStream;

/**
 * A connection that has left HTTP, as streams that wait: one thread may read while another one writes, with TLS too as long as its keys
 * stay. Undertow hangs when both sides are at it and TLS 1.3 changes them.
 */
final class UpgradedConnection {
    private UpgradedConnection() {}

    /** @param certificates that the other side has shown */
    static OpenConnection of(StreamConnection connection, List<X509Certificate> certificates) {
        InetSocketAddress peer = connection.getPeerAddress(InetSocketAddress.class);
        // Whoever reads and writes waits for the channels itself.
        connection.getSourceChannel().suspendReads();
        connection.getSinkChannel().suspendWrites();
        return new OpenConnection(
                peer == null ? "unknown" : peer.getHostString() + ":" + peer.getPort(),
                certificates,
                new ChannelInputStream(connection.getSourceChannel()),
                new ChannelOutputStream(connection.getSinkChannel()),
                () -> IoUtils.safeClose(connection));
    }
}
