package org.imagesearch.server.nodes;

import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.nodes.Message.Cancel;
import org.imagesearch.server.nodes.Message.OfGeneration;
import org.imagesearch.server.nodes.Message.Refused;
import org.imagesearch.server.nodes.Message.State;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node as its broker knows it: the connection to it, if there is one, what it has, and what it is asked. Thread-safe. */
final class Node {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final AtomicLong NUMBERS = new AtomicLong();

    private final NodeAddress address;
    private final Runnable changed;
    private final Map<Long, Consumer<Message>> waiting = new ConcurrentHashMap<>();
    private final LongAdder asked = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private volatile Connection connection;
    private volatile State state;

    /** @param changed is called when the node has come, gone, or has other shards than before */
    Node(NodeAddress address, Runnable changed) {
        this.address = address;
        this.changed = changed;
    }

    NodeAddress address() {
        return address;
    }

    /** Makes a connection that is open this node's. What it has is known when its first answer is there. */
    void connected(OpenConnection opened, String generation) {
        Connection made = Connection.over(opened, new Connection.Listener() {
            @Override
            public void received(Message message) {
                Node.this.received(message);
            }

            @Override
            public void closed(String reason) {
                lost(reason);
            }
        });
        connection = made;
        made.start();
        ping(generation);
    }

    boolean isConnected() {
        return connection != null;
    }

    /** What it has open; nothing while it cannot be asked. */
    List<OfGeneration> generations() {
        State known = state;
        return known == null ? List.of() : known.generations();
    }

    /** Fingerprint of the model that its index was made with; empty while nothing is known of it. */
    String model() {
        State known = state;
        return known == null ? "" : known.model();
    }

    /** Questions that it has not answered yet. */
    int outstanding() {
        return waiting.size();
    }

    /** Questions so far. */
    long asked() {
        return asked.sum();
    }

    /** Questions so far that it refused, or did not answer before it was lost. */
    long failed() {
        return failed.sum();
    }

    /** Makes a question of a number, which no other question has. */
    interface Question {
        Message numbered(long number);
    }

    /**
     * Asks.
     *
     * @param answered gets the answer, or a refusal, once, and soon: on the thread that reads; nothing after {@link #cancel}
     * @return the question's number
     */
    long ask(Question question, Consumer<Message> answered) {
        long number = NUMBERS.incrementAndGet();
        asked.increment();
        waiting.put(number, answered);
        Connection open = connection;
        // A connection that is lost between these two answers for all that wait.
        if (open == null || !open.send(question.numbered(number)) || connection != open) {
            answer(new Refused(number, open == null ? ShardHits.UNREACHABLE : ShardHits.OVERLOADED));
        }
        return number;
    }

    /** An answer is not wanted any more. */
    void cancel(long number) {
        Connection open = connection;
        if (waiting.remove(number) != null && open != null) {
            open.send(new Cancel(number));
        }
    }

    /** Asks what it has and tells which generation is wanted. */
    void ping(String generation) {
        Connection open = connection;
        if (open != null) {
            open.send(new Message.Ping(0, generation));
        }
    }

    /** Gives the connection up if nothing came over it for so long. */
    void closeIfSilent(long nowNanos, long silenceNanos) {
        Connection open = connection;
        if (open != null && nowNanos - open.heardNanos() > silenceNanos) {
            LOG.warn("node silent address={}", address);
            open.close();
        }
    }

    /** Gives the connection up if the node's certificates hold no more. */
    void requireAccepted(Predicate<List<X509Certificate>> accepted) {
        Connection open = connection;
        if (open != null) {
            open.requireAccepted(accepted);
        }
    }

    void close() {
        Connection open = connection;
        if (open != null) {
            open.close();
        }
    }

    private void received(Message message) {
        if (message instanceof State told) {
            List<OfGeneration> before = generations();
            state = told;
            if (!told.generations().equals(before)) {
                changed.run();
            }
        } else {
            answer(message);
        }
    }

    private void answer(Message message) {
        Consumer<Message> answered = waiting.remove(message.number());
        if (answered == null) {
            return;
        }
        if (message instanceof Refused) {
            failed.increment();
        }
        answered.accept(message);
    }

    private void lost(String reason) {
        LOG.warn("node lost address={} reason=\"{}\"", address, reason);
        connection = null;
        state = null;
        changed.run();
        waiting.keySet().forEach(number -> answer(new Refused(number, ShardHits.UNREACHABLE)));
    }
}
