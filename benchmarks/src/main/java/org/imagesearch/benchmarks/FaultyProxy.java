package org.imagesearch.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A network in trouble: passes connections on to a server, and on demand holds, slows, garbles or cuts them, those that are open as
 * well as those that come. Two threads per connection. Thread-safe.
 */
final class FaultyProxy implements AutoCloseable {
    private static final int MOST_CONNECTIONS = 500;
    private static final int CONNECT_MILLIS = 5000;
    private static final int PIECE_BYTES = 8 << 10;

    private enum Fault {
        NONE,
        PAUSED,
        SLOWED,
        GARBLED,
        CUT
    }

    /** What holds from a moment on. */
    private record State(Fault fault, Duration delay) {}

    private volatile InetSocketAddress server;
    private final ServerSocket listener;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final AtomicInteger accepted = new AtomicInteger();
    private final Random garbage;
    private State state = new State(Fault.NONE, Duration.ZERO);
    private int changes;
    private boolean closed;

    private FaultyProxy(InetSocketAddress server, long seed) throws IOException {
        this.server = server;
        this.garbage = new Random(seed);
        this.listener = new ServerSocket(0, MOST_CONNECTIONS, InetAddress.getLoopbackAddress());
    }

    /**
     * Listens on a free port of this machine.
     *
     * @param server to which it passes on
     * @param seed of the garbage
     */
    static FaultyProxy to(InetSocketAddress server, long seed) throws IOException {
        FaultyProxy proxy = new FaultyProxy(server, seed);
        daemon("faulty-proxy", proxy::accept).start();
        return proxy;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    /** Passes connections that come from now on to another server. */
    void to(InetSocketAddress next) {
        server = next;
    }

    /** Connections that came so far. */
    int accepted() {
        return accepted.get();
    }

    /** Passes everything on, what was held too. */
    void pass() {
        become(new State(Fault.NONE, Duration.ZERO));
    }

    /** Passes nothing on and closes nothing, as a process that was stopped or a network that lost its way. */
    void pause() {
        become(new State(Fault.PAUSED, Duration.ZERO));
    }

    /** Holds every piece of at most {@value #PIECE_BYTES} bytes for a while before it goes on. */
    void slow(Duration delay) {
        become(new State(Fault.SLOWED, delay));
    }

    /** Replaces every byte of the server's answers by a random one. */
    void garble() {
        become(new State(Fault.GARBLED, Duration.ZERO));
    }

    /** Closes every connection at once, and those that come, until {@link #pass}. */
    void cut() {
        become(new State(Fault.CUT, Duration.ZERO));
        open.forEach(FaultyProxy::reset);
    }

    private synchronized void become(State next) {
        state = next;
        changes++;
        notifyAll();
    }

    private void accept() {
        while (true) {
            try {
                Socket client = listener.accept();
                accepted.incrementAndGet();
                if (faultNow() == Fault.CUT || open.size() >= 2 * MOST_CONNECTIONS) {
                    reset(client);
                } else {
                    daemon("faulty-connection", () -> connect(client)).start();
                }
            } catch (IOException e) {
                return; // Closed.
            }
        }
    }

    private synchronized Fault faultNow() {
        return closed ? Fault.CUT : state.fault;
    }

    private void connect(Socket client) {
        open.add(client);
        Socket upstream = new Socket();
        try {
            upstream.connect(server, CONNECT_MILLIS);
            open.add(upstream);
            if (faultNow() == Fault.CUT) {
                throw new IOException("cut meanwhile");
            }
            Thread answers = daemon("faulty-answers", () -> pump(upstream, client, true));
            answers.start();
            pump(client, upstream, false);
            answers.join();
        } catch (IOException e) {
            reset(client);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            reset(upstream);
            reset(client);
            open.remove(client);
            open.remove(upstream);
        }
    }

    /** Passes one direction on until it ends; the other may go on. */
    private void pump(Socket from, Socket to, boolean answers) {
        byte[] piece = new byte[PIECE_BYTES];
        try {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
                if (held() == Fault.GARBLED && answers) {
                    garble(piece, read);
                }
                out.write(piece, 0, read);
            }
            held();
            to.shutdownOutput();
        } catch (IOException e) {
            reset(from);
            reset(to);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits as long as the fault wants, and tells which one there is then. */
    private synchronized Fault held() throws InterruptedException, IOException {
        int before = changes;
        long end = System.nanoTime() + state.delay.toNanos();
        for (long left = end - System.nanoTime();
                !closed && (state.fault == Fault.PAUSED || (changes == before && left > 0));
                left = end - System.nanoTime()) {
            wait(state.fault == Fault.PAUSED ? 0 : Math.max(1, left / 1_000_000));
        }
        if (closed || state.fault == Fault.CUT) {
            throw new IOException("cut");
        }
        return state.fault;
    }

    private synchronized void garble(byte[] piece, int length) {
        for (int i = 0; i < length; i++) {
            piece[i] = (byte) garbage.nextInt(256);
        }
    }

    private static Thread daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** As a machine that fails: the other side is told by a reset, not by an end. */
    private static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // It is closed already.
        }
        try {
            socket.close();
        } catch (IOException e) {
            // There is nothing else to do with it.
        }
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        listener.close();
        open.forEach(FaultyProxy::reset);
    }
}
