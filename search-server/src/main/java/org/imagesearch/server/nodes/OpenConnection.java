package org.imagesearch.server.nodes;

import java.io.Closeable;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * A connection over which both sides have agreed to speak the protocol of nodes. One thread may read while another one writes.
 *
 * @param peer address and port of the other side
 * @param certificates that the other side has shown, its own first; none without TLS
 * @param channel closes both streams
 */
public record OpenConnection(
        String peer, List<X509Certificate> certificates, InputStream in, OutputStream out, Closeable channel) {}
