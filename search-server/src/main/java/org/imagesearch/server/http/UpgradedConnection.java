package org.imagesearch.server.http;

import java.io.Closeable;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import org.xnio.IoUtils;
import org.xnio.StreamConnection;
import org.xnio.streams.ChannelInputStream;
import org.xnio.streams.ChannelOutputStream;

/**
 * A connection that has left HTTP, as streams that wait: one thread may read while another one writes, with TLS too as long as its keys
 * stay. Undertow hangs when both sides are at it and TLS 1.3 changes them.
 *
 * @param peer address and port of the other side
 * @param channel closes both streams
 */
record UpgradedConnection(String peer, InputStream in, OutputStream out, Closeable channel) {
    static UpgradedConnection of(StreamConnection connection) {
        InetSocketAddress peer = connection.getPeerAddress(InetSocketAddress.class);
        // Whoever reads and writes waits for the channels itself.
        connection.getSourceChannel().suspendReads();
        connection.getSinkChannel().suspendWrites();
        return new UpgradedConnection(
                peer == null ? "unknown" : peer.getHostString() + ":" + peer.getPort(),
                new ChannelInputStream(connection.getSourceChannel()),
                new ChannelOutputStream(connection.getSinkChannel()),
                () -> IoUtils.safeClose(connection));
    }
}
