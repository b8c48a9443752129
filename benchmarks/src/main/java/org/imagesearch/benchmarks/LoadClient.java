package org.imagesearch.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.imagesearch.core.ImageSearchException;

/**
 * A client of many connections on one thread, the calling one, cheap enough to drive a server from the same machine. In a closed loop,
 * each connection asks again as soon as it was answered; in an open one, requests come at random however long answers take, and their
 * time counts from when they were to be sent, not from when there was a connection for them.
 */
final class LoadClient {
    private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final double NANOS = 1e9;

    /** Below it, waiting by sleeping would be late. */
    private static final long SPIN_NANOS = 2_000_000;

    private final InetSocketAddress server;
    private final List<ByteBuffer> requests;

    /** @param requests whole ones, asked in turns */
    LoadClient(URI server, List<ByteBuffer> requests) {
        this.server = new InetSocketAddress(server.getHost(), server.getPort());
        this.requests = requests;
    }

    /**
     * What came of it.
     *
     * @param seconds from the first request to the last answer
     * @param accepted times of what was answered with 200
     * @param refused times of what was answered with 429 or 503
     * @param broken connections that ended without an answer
     * @param mostAtOnce connections that waited for an answer at the same time
     * @param cpuShare of one processor that the client took
     */
    record Outcome(double seconds, Latencies accepted, Latencies refused, int broken, int mostAtOnce, double cpuShare) {
        double acceptedPerSecond() {
            return accepted.count() / seconds;
        }
    }

    /** Asks over so many connections at once. */
    Outcome closedLoop(int connections, double seconds) throws IOException {
        try (Run run = new Run(connections, seconds)) {
            while (run.now < run.end) {
                run.sendOnFree(run.now);
                run.advance(1);
            }
            return run.ended();
        }
    }

    /**
     * Asks at random times, as a Poisson process.
     *
     * @param perSecond requests on the average
     * @param connections at most; requests for which there is none wait for one
     */
    Outcome openLoop(double perSecond, int connections, double seconds, long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        try (Run run = new Run(connections, seconds)) {
            double next = run.begin;
            Queue<Long> intended = new ArrayDeque<>();
            while (next < run.end || !intended.isEmpty()) {
                for (;
                        next <= run.now && next < run.end;
                        next += -Math.log1p(-random.nextDouble()) / perSecond * NANOS) {
                    intended.add((long) next);
                }
                while (!intended.isEmpty() && !run.free.isEmpty()) {
                    run.send(intended.remove());
                }
                run.advance(next - run.now > SPIN_NANOS || !intended.isEmpty() ? 1 : 0);
            }
            return run.ended();
        }
    }

    /** One measurement. */
    private final class Run implements AutoCloseable {
        private final Selector selector = Selector.open();
        private final List<LoadConnection> all = new ArrayList<>();
        private final ArrayDeque<LoadConnection> free = new ArrayDeque<>();
        private final Latencies accepted = new Latencies();
        private final Latencies refused = new Latencies();
        private final long cpuBefore = cpuNanos();
        private final long begin = System.nanoTime();
        private final long end;
        private long now = begin;
        private int sent;
        private int broken;
        private int mostAtOnce;

        Run(int connections, double seconds) throws IOException {
            for (int i = 0; i < connections; i++) {
                all.add(new LoadConnection(server, selector));
            }
            free.addAll(all);
            end = begin + (long) (seconds * NANOS);
        }

        void sendOnFree(long since) throws IOException {
            while (!free.isEmpty()) {
                send(since);
            }
        }

        void send(long since) throws IOException {
            // The one that was used last: it is open, and the fewer are used the better.
            free.pop().send(requests.get(sent++ % requests.size()).duplicate(), since);
            mostAtOnce = Math.max(mostAtOnce, all.size() - free.size());
        }

        /** Takes what has come, waiting up to so long for something. */
        void advance(int millis) throws IOException {
            if (millis == 0) {
                selector.selectNow(this::advance);
            } else {
                selector.select(this::advance, millis);
            }
            now = System.nanoTime();
        }

        private void advance(SelectionKey key) {
            LoadConnection connection = (LoadConnection) key.attachment();
            try {
                if (connection.advance()) {
                    answered(connection);
                    free.push(connection);
                }
            } catch (IOException e) {
                if (connection.asked()) {
                    broken++;
                    free.push(connection);
                }
                close(connection);
            }
        }

        private void answered(LoadConnection connection) {
            now = System.nanoTime();
            switch (connection.status()) {
                case 200 -> accepted.add(now - connection.sinceNanos());
                case 429, 503 -> refused.add(now - connection.sinceNanos());
                default ->
                    throw ImageSearchException.data(
                            "the server answered a query of the benchmark with %d", connection.status());
            }
        }

        Outcome ended() throws IOException {
            long giveUp = System.nanoTime() + DRAIN_NANOS;
            while (free.size() < all.size() && now < giveUp) {
                advance(1);
            }
            long nanos = now - begin;
            return new Outcome(
                    nanos / NANOS, accepted, refused, broken, mostAtOnce, (double) (cpuNanos() - cpuBefore) / nanos);
        }

        private void close(LoadConnection connection) {
            try {
                connection.close();
            } catch (IOException e) {
                broken++;
            }
        }

        @Override
        public void close() throws IOException {
            all.forEach(this::close);
            selector.close();
        }
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
