package org.imagesearch.server.nodes;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.query.RequestId;
import org.imagesearch.server.shards.ShardScans;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What makes a server with shards a node: it answers brokers over connections that they open. Thread-safe. */
public final class NodeService implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeService.class);

    /** Each has two threads here. */
    private static final int MOST_BROKERS = 64;

    private static final int LOOKUP_THREADS = 4;
    private static final int LOOKUP_QUEUE = 1024;
    private static final int QUIET_QUEUE = 64;

    private final ServedIndex index;
    private final Fingerprint model;
    private final ShardScans scans;
    private final Duration slow;
    private final ThreadPoolExecutor lookups = pool("node-lookup-", LOOKUP_THREADS, LOOKUP_QUEUE);
    private final ThreadPoolExecutor quiet = pool("node-quiet-", 1, QUIET_QUEUE);
    private final Set<BrokerConversation> brokers = ConcurrentHashMap.newKeySet();

    /**
     * @param index with its shards in this process; stays the caller's
     * @param model that the index was made with
     * @param scans what scans the shards; stays the caller's
     * @param slow from how long on the log tells of a question
     */
    public NodeService(ServedIndex index, Fingerprint model, ShardScans scans, Duration slow) {
        this.index = index;
        this.model = model;
        this.scans = scans;
        this.slow = slow;
    }

    private static ThreadPoolExecutor pool(String name, int threads, int queue) {
        AtomicInteger number = new AtomicInteger();
        return new ThreadPoolExecutor(threads, threads, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(queue), task -> {
            Thread thread = new Thread(task, name + number.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** The name of the protocol, as a connection's opening must ask for it. */
    public static String protocol() {
        return Message.PROTOCOL;
    }

    /** Whether one more broker can be taken on. */
    public boolean hasRoom() {
        return brokers.size() < MOST_BROKERS;
    }

    /** Answers a broker until either side closes the connection. Returns at once. */
    public void serve(OpenConnection opened) {
        BrokerConversation conversation = new BrokerConversation(this);
        Connection connection = Connection.over(opened, conversation);
        conversation.goesOver(connection);
        brokers.add(conversation);
        LOG.info("broker connected={} brokers={}", opened.peer(), brokers.size());
        connection.start();
    }

    /**
     * Closes connections of brokers whose certificates hold no more.
     *
     * @param accepted whether certificates, a broker's own first, still do
     */
    public void requireAccepted(Predicate<List<X509Certificate>> accepted) {
        brokers.forEach(broker -> broker.requireAccepted(accepted));
    }

    void ended(BrokerConversation conversation, String peer, String reason) {
        brokers.remove(conversation);
        LOG.info("broker disconnected={} brokers={} reason=\"{}\"", peer, brokers.size(), reason);
    }

    ServedIndex index() {
        return index;
    }

    Fingerprint model() {
        return model;
    }

    ShardScans scans() {
        return scans;
    }

    Duration slow() {
        return slow;
    }

    /** Runs what reads a few rows. False if too much waits already. */
    boolean lookUp(Runnable work) {
        return ran(lookups, work);
    }

    /** Runs what can wait behind everything else. False if too much waits already. */
    boolean runQuietly(Runnable work) {
        return ran(quiet, work);
    }

    private static boolean ran(ThreadPoolExecutor threads, Runnable work) {
        try {
            threads.execute(RequestId.carriedWith(work));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    @Override
    public void close() {
        brokers.forEach(BrokerConversation::close);
        lookups.shutdown();
        quiet.shutdown();
    }
}
