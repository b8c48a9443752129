package org.imagesearch.server.nodes;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Messages over a stream of bytes, in both directions at once. Sending never waits for the peer: what it does not take is kept up to a
 * bound, and beyond that it is a peer that is not there. Thread-safe.
 */
final class Connection implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final int QUEUE = 4096;
    private static final long QUEUE_BYTES = 2L * FrameWriter.MAX_BODY;
    private static final byte[] END = new byte[0];

    private final OpenConnection opened;
    private final DataInputStream in;
    private final Listener listener;
    private final BlockingQueue<byte[]> outgoing = new ArrayBlockingQueue<>(QUEUE);
    private final AtomicLong outgoingBytes = new AtomicLong();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile long heardNanos = System.nanoTime();

    /** Whom messages are for. */
    interface Listener {
        /** On the thread that reads: what takes long is handed on. */
        void received(Message message);

        /** Once, when nothing more will be received. */
        void closed(String reason);
    }

    private Connection(OpenConnection opened, Listener listener) {
        this.opened = opened;
        this.in = new DataInputStream(new BufferedInputStream(opened.in(), 1 << 16));
        this.listener = listener;
    }

    /** A connection that has not begun to read: whoever listens can know it first. */
    static Connection over(OpenConnection opened, Listener listener) {
        return new Connection(opened, listener);
    }

    void start() {
        thread("node-read-", this::read).start();
        thread("node-write-", this::write).start();
    }

    private Thread thread(String name, Runnable work) {
        Thread thread = new Thread(work, name + peer());
        thread.setDaemon(true);
        return thread;
    }

    /** Who is at the other end. */
    String peer() {
        return opened.peer();
    }

    /** When something came last, by {@link System#nanoTime}. */
    long heardNanos() {
        return heardNanos;
    }

    /**
     * Sends a message some time soon.
     *
     * @return false if it will not be sent: the connection is closed, or too much waits already
     */
    boolean send(Message message) {
        byte[] frame = Messages.frame(message);
        if (closed.get() || outgoingBytes.get() + frame.length > QUEUE_BYTES) {
            return false;
        }
        outgoingBytes.addAndGet(frame.length);
        if (outgoing.offer(frame)) {
            return true;
        }
        outgoingBytes.addAndGet(-frame.length);
        return false;
    }

    private void read() {
        String reason = "it was closed";
        try {
            while (!closed.get()) {
                Message message = next();
                heardNanos = System.nanoTime();
                listener.received(message);
            }
        } catch (EOFException e) {
            reason = "the other side closed it";
        } catch (IOException e) {
            reason = String.valueOf(e.getMessage());
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("connection failed peer={}", peer(), e);
            reason = String.valueOf(e.getMessage());
        } finally {
            end(reason);
        }
    }

    private Message next() throws IOException {
        int length = in.readInt();
        int checksum = in.readInt();
        if (length < 1 || length > FrameWriter.MAX_BODY) {
            throw new GarbledException("a frame has a length of " + length + " bytes");
        }
        // As much as there is, not as much as is promised: a lie costs its sender the bytes.
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException();
        }
        CRC32C found = new CRC32C();
        found.update(body);
        if ((int) found.getValue() != checksum) {
            throw new GarbledException("a frame is damaged");
        }
        return Messages.read(ByteBuffer.wrap(body));
    }

    private void write() {
        try {
            byte[] frame = outgoing.take();
            while (frame != END) {
                opened.out().write(frame);
                outgoingBytes.addAndGet(-frame.length);
                frame = outgoing.poll();
                if (frame == null) {
                    opened.out().flush();
                    frame = outgoing.take();
                }
            }
        } catch (IOException e) {
            end(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void end(String reason) {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            opened.channel().close();
        } catch (IOException e) {
            LOG.debug("cannot close connection peer={}", peer(), e);
        }
        do {
            outgoing.clear();
        } while (!outgoing.offer(END));
        listener.closed(reason);
    }

    /** Closes it if the other side has shown certificates that are not accepted any more. */
    void requireAccepted(Predicate<List<X509Certificate>> accepted) {
        if (!opened.certificates().isEmpty() && !accepted.test(opened.certificates())) {
            end("its certificate is not accepted any more");
        }
    }

    @Override
    public void close() {
        end("it was closed");
    }
}
