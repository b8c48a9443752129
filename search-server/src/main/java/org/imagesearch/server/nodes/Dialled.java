package org.imagesearch.server.nodes;

import java.io.Closeable;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * An open connection on which both sides have agreed to speak the protocol.
 *
 * @param channel closes both streams
 */
record Dialled(InputStream in, OutputStream out, Closeable channel) {}
