package org.imagesearch.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** One kept-alive connection of {@link LoadClient}: a request at a time, and as little work per answer as there can be. */
final class LoadConnection {
    private static final int HEAD_BYTES = 16 << 10;

    private final InetSocketAddress server;
    private final Selector selector;
    private final ByteBuffer in = ByteBuffer.allocateDirect(HEAD_BYTES);
    private SocketChannel channel;
    private SelectionKey key;
    private ByteBuffer out;
    private long sinceNanos;
    private int status;
    private long bodyLeft;
    private boolean closing;
    private boolean asked;

    LoadConnection(InetSocketAddress server, Selector selector) {
        this.server = server;
        this.selector = selector;
    }

    /**
     * Sends a request, over a new connection if the last one was closed.
     *
     * @param request from position to limit; its content may be shared
     * @param sinceNanos when it was to be sent
     */
    void send(ByteBuffer request, long sinceNanos) throws IOException {
        this.out = request;
        this.sinceNanos = sinceNanos;
        asked = true;
        status = 0;
        in.clear();
        if (channel == null) {
            channel = SocketChannel.open();
            channel.configureBlocking(false);
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            boolean connected = channel.connect(server);
            key = channel.register(selector, connected ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
            if (!connected) {
                return;
            }
        }
        write();
    }

    private void write() throws IOException {
        channel.write(out);
        key.interestOps(out.hasRemaining() ? SelectionKey.OP_READ | SelectionKey.OP_WRITE : SelectionKey.OP_READ);
    }

    /** Goes on as far as it can; returns whether an answer is there as a whole. */
    boolean advance() throws IOException {
        if (key.isConnectable()) {
            channel.finishConnect();
            write();
            return false;
        }
        if (key.isWritable()) {
            write();
        }
        return key.isReadable() && read();
    }

    private boolean read() throws IOException {
        while (true) {
            int count = channel.read(in);
            if (count < 0 && !asked) {
                close();
                return false;
            }
            if (count < 0) {
                throw new IOException("the server closed a connection that waited for an answer");
            }
            if (count == 0) {
                return false;
            }
            if (status == 0 && !readHead()) {
                continue;
            }
            bodyLeft -= in.position();
            in.clear();
            if (bodyLeft <= 0) {
                asked = false;
                if (closing) {
                    close();
                }
                return true;
            }
        }
    }

    /** Leaves in the buffer, as if it had just been read, what came behind the head. */
    private boolean readHead() throws IOException {
        int end = endOfHead();
        if (end < 0) {
            if (!in.hasRemaining()) {
                throw new IOException("the head of an answer has more than " + HEAD_BYTES + " bytes");
            }
            return false;
        }
        byte[] bytes = new byte[end];
        in.get(0, bytes);
        String head = new String(bytes, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
        status = Integer.parseInt(head.substring(9, 12));
        bodyLeft = Long.parseLong(header(head, "content-length"));
        closing = "close".equals(header(head, "connection"));
        in.limit(in.position()).position(end).compact();
        return true;
    }

    private static String header(String head, String name) throws IOException {
        int at = head.indexOf("\r\n" + name + ":");
        if (at < 0) {
            if (name.equals("content-length")) {
                throw new IOException("an answer does not say its length: " + head);
            }
            return "";
        }
        int begin = at + name.length() + 3;
        return head.substring(begin, head.indexOf("\r\n", begin)).strip();
    }

    private int endOfHead() {
        for (int i = 3; i < in.position(); i++) {
            if (in.get(i) == '\n' && in.get(i - 1) == '\r' && in.get(i - 2) == '\n' && in.get(i - 3) == '\r') {
                return i + 1;
            }
        }
        return -1;
    }

    /** The status of the answer that is there. */
    int status() {
        return status;
    }

    long sinceNanos() {
        return sinceNanos;
    }

    /** Whether an answer is due. */
    boolean asked() {
        return asked;
    }

    /** What is sent next goes over a new connection. */
    void close() throws IOException {
        asked = false;
        if (channel != null) {
            channel.close();
            channel = null;
        }
    }
}
