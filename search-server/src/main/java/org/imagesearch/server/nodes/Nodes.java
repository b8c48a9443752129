package org.imagesearch.server.nodes;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.server.nodes.Message.OfGeneration;
import org.imagesearch.server.nodes.Message.OfShard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All nodes of a broker: finds them, keeps connections to them open, and knows which of them has which shard. Nodes may come, go and
 * come back at any time. Thread-safe.
 */
public final class Nodes implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Nodes.class);
    private static final long PULSE_MILLIS = 250;
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final int DIALLERS = 8;

    private final NodeSettings settings;
    private final Fingerprint model;
    private final Dialler dialler;
    private final NodeAddresses addresses;
    private final Map<NodeAddress, Node> nodes = new ConcurrentHashMap<>();
    private final Set<NodeAddress> dialled = ConcurrentHashMap.newKeySet();
    private final Map<NodeAddress, String> troubles = new ConcurrentHashMap<>();
    private final ScheduledExecutorService pulse;
    private final ThreadPoolExecutor diallers;
    private final LongAdder hedged = new LongAdder();
    private ScheduledFuture<?> beating;
    private long lookedNanos;
    private volatile Supplier<String> wanted = () -> "";
    private volatile Map<String, Map<Integer, List<Replica>>> replicas = Map.of();
    private volatile boolean closed;

    /**
     * A shard on a node.
     *
     * @param hidden pictures of it that are taken down
     */
    record Replica(Node node, long hidden) {}

    /**
     * What is known of a node.
     *
     * @param connected whether it can be asked
     * @param generations names of those that it has open, and their shards
     * @param outstanding questions that it has not answered yet
     */
    public record NodeState(
            String address,
            boolean connected,
            Map<String, List<Integer>> generations,
            int outstanding,
            long asked,
            long failed) {}

    private Nodes(NodeSettings settings, NodeAddresses addresses, Fingerprint model, Dialler dialler) {
        this.settings = settings;
        this.model = model;
        this.dialler = dialler;
        this.addresses = addresses;
        this.pulse = Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "nodes-pulse"));
        AtomicInteger number = new AtomicInteger();
        this.diallers = new ThreadPoolExecutor(
                DIALLERS,
                DIALLERS,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(1000),
                task -> daemon(task, "nodes-dial-" + number.getAndIncrement()));
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /**
     * Begins to look for nodes and to connect to them.
     *
     * @param addresses where they may be
     * @param model that queries are encoded with; nodes with another one are left out
     * @throws org.imagesearch.core.ImageSearchException (input) if an address has another form or a file of them cannot be read
     */
    static Nodes start(NodeSettings settings, NodeAddresses addresses, Fingerprint model, Dialler dialler) {
        Nodes nodes = new Nodes(settings, addresses, model, dialler);
        nodes.look();
        nodes.beating = nodes.pulse.scheduleWithFixedDelay(nodes::beat, 0, PULSE_MILLIS, TimeUnit.MILLISECONDS);
        return nodes;
    }

    /** @param generation tells the generation that is asked for at present, which nodes keep open */
    void keepOpen(Supplier<String> generation) {
        wanted = generation;
    }

    /** By address. */
    public List<NodeState> states() {
        List<NodeState> states = new ArrayList<>();
        for (Node node : nodes.values()) {
            Map<String, List<Integer>> generations = new HashMap<>();
            for (OfGeneration generation : node.generations()) {
                generations.put(
                        generation.name(),
                        generation.shards().stream().map(OfShard::shard).toList());
            }
            states.add(new NodeState(
                    node.address().toString(),
                    node.isConnected(),
                    generations,
                    node.outstanding(),
                    node.asked(),
                    node.failed()));
        }
        states.sort((one, other) -> one.address().compareTo(other.address()));
        return states;
    }

    /** Questions so far that went to a second node because the first one was late. */
    public long hedged() {
        return hedged.sum();
    }

    /** How many nodes have a shard, by generation and the shard's number. */
    public Map<String, Map<Integer, Integer>> replicaCounts() {
        Map<String, Map<Integer, Integer>> counts = new TreeMap<>();
        replicas.forEach((generation, shards) -> {
            Map<Integer, Integer> ofGeneration = counts.computeIfAbsent(generation, name -> new TreeMap<>());
            shards.forEach((shard, all) -> ofGeneration.put(shard, all.size()));
        });
        return counts;
    }

    void countHedge() {
        hedged.increment();
    }

    NodeSettings settings() {
        return settings;
    }

    /** Who has the shards of a generation, by their number; shards that nobody has are missing. */
    Map<Integer, List<Replica>> replicas(String generation) {
        return replicas.getOrDefault(generation, Map.of());
    }

    /** What the nodes that have a generation open say of its columns: of each, empty if it cannot be filtered. */
    List<Optional<Columns>> columns(String generation) {
        return nodes.values().stream()
                .flatMap(node -> node.generations().stream())
                .filter(of -> of.name().equals(generation))
                .map(OfGeneration::columns)
                .toList();
    }

    private void beat() {
        try {
            if (System.nanoTime() - lookedNanos > LOOK_NANOS) {
                look();
            }
            if (dialler.look()) {
                nodes.values().forEach(node -> node.requireAccepted(dialler::accepts));
            }
            String generation = wanted.get();
            long now = System.nanoTime();
            for (Node node : nodes.values()) {
                node.ping(generation);
                node.closeIfSilent(now, settings.silence().toNanos());
                if (!node.isConnected() && dialled.add(node.address())) {
                    dial(node);
                }
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            // What escapes from here would end the pulse for good.
            LOG.error("nodes cannot be looked after", e);
        }
    }

    private void look() {
        lookedNanos = System.nanoTime();
        Set<NodeAddress> found = addresses.look();
        for (NodeAddress address : found) {
            nodes.computeIfAbsent(address, added -> new Node(added, this::changed));
        }
        for (NodeAddress known : new HashSet<>(nodes.keySet())) {
            if (!found.contains(known)) {
                LOG.info("node removed address={}", known);
                nodes.remove(known).close();
                troubles.remove(known);
            }
        }
    }

    private void dial(Node node) {
        try {
            diallers.execute(() -> {
                try {
                    OpenConnection opened = dialler.dial(node.address());
                    if (closed || !nodes.containsKey(node.address())) {
                        opened.channel().close();
                        return;
                    }
                    node.connected(opened, wanted.get());
                    troubles.remove(node.address());
                    LOG.info("node connected address={}", node.address());
                } catch (IOException | RuntimeException e) {
                    tell(node.address(), String.valueOf(e.getMessage()));
                } finally {
                    dialled.remove(node.address());
                }
            });
        } catch (RejectedExecutionException e) {
            dialled.remove(node.address());
        }
    }

    /** Once per reason, not four times a second. */
    private void tell(NodeAddress address, String reason) {
        if (!reason.equals(troubles.put(address, reason))) {
            LOG.warn("node unreachable address={} reason=\"{}\"", address, reason);
        }
    }

    /** Learns anew who has what. */
    private synchronized void changed() {
        Map<String, Map<Integer, List<Replica>>> all = new HashMap<>();
        for (Node node : nodes.values()) {
            if (!node.model().isEmpty() && !node.model().equals(model.value())) {
                tell(
                        node.address(),
                        "it has the model " + node.model() + ", queries are encoded with " + model.value());
                continue;
            }
            for (OfGeneration generation : node.generations()) {
                Map<Integer, List<Replica>> shards = all.computeIfAbsent(generation.name(), name -> new HashMap<>());
                for (OfShard shard : generation.shards()) {
                    shards.computeIfAbsent(shard.shard(), number -> new ArrayList<>())
                            .add(new Replica(node, shard.hidden()));
                }
            }
        }
        replicas = all;
        notifyAll();
    }

    /**
     * Waits until every shard of a generation has a node, or for as long as may be.
     *
     * @param shards how many there are
     */
    synchronized void await(String generation, int shards, long nanos) {
        long end = System.nanoTime() + nanos;
        try {
            long left = nanos;
            while (replicas(generation).size() < shards && left > 0) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                left = end - System.nanoTime();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed = true;
        beating.cancel(false);
        pulse.shutdownNow();
        diallers.shutdownNow();
        nodes.values().forEach(Node::close);
    }
}
