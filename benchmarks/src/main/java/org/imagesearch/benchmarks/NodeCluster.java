package org.imagesearch.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Shard nodes and a broker before them, each a process of its own, with a network between them that can be put into trouble. */
final class NodeCluster implements AutoCloseable {
    private static final List<String> SETTINGS = List.of("index.poll = 100 ms", "model.threads = 1");

    private final WorkFolder folder;
    private final ServeSubject subject;
    private final List<Node> nodes = new ArrayList<>();
    private ServeProcess broker;

    private NodeCluster(WorkFolder folder, ServeSubject subject) {
        this.folder = folder;
        this.subject = subject;
    }

    /** A node, and the way to it. */
    final class Node {
        private final String name;
        private final String shards;
        private ServeProcess process;
        private FaultyProxy way;

        private Node(String name, String shards, long seed) throws IOException, InterruptedException {
            this.name = name;
            this.shards = shards;
            start();
            way = FaultyProxy.to(listening(process), seed);
        }

        private void start() throws IOException, InterruptedException {
            process = ServeProcess.start(folder, name, subject.index(), subject.model(), SETTINGS, "--shards", shards);
        }

        /** The network between it and the broker. */
        FaultyProxy way() {
            return way;
        }

        ServeProcess process() {
            return process;
        }

        /** After it was killed: another process at the same address. */
        void startAgain() throws IOException, InterruptedException {
            process.close();
            start();
            way.to(listening(process));
        }

        private void close() throws IOException {
            process.close();
            if (way != null) {
                way.close();
            }
        }
    }

    /**
     * Starts nodes, then a broker that asks them.
     *
     * @param shards what each node has, like {@code 0-1}
     * @param seed of the garbage
     */
    static NodeCluster start(WorkFolder folder, ServeSubject subject, List<String> shards, long seed)
            throws IOException, InterruptedException {
        NodeCluster cluster = new NodeCluster(folder, subject);
        try {
            for (String some : shards) {
                cluster.nodes.add(cluster.new Node("node-" + cluster.nodes.size(), some, seed));
            }
            String addresses = cluster.nodes.stream()
                    .map(node -> "127.0.0.1:" + node.way.address().getPort())
                    .collect(Collectors.joining(","));
            cluster.broker = ServeProcess.start(
                    folder, "broker", subject.index(), subject.model(), SETTINGS, "--nodes", addresses);
            return cluster;
        } catch (IOException | InterruptedException | RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private static InetSocketAddress listening(ServeProcess process) {
        URI address = process.address();
        return new InetSocketAddress(address.getHost(), address.getPort());
    }

    Node node(int number) {
        return nodes.get(number);
    }

    ServeProcess broker() {
        return broker;
    }

    @Override
    public void close() throws IOException {
        if (broker != null) {
            broker.close();
        }
        for (Node node : nodes) {
            node.close();
        }
    }
}
