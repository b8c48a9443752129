package org.imagesearch.server.nodes;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.server.nodes.Message.Cancel;
import org.imagesearch.server.nodes.Message.OfGeneration;
import org.imagesearch.server.nodes.Message.OfShard;
import org.imagesearch.server.nodes.Message.Ping;
import org.imagesearch.server.nodes.Message.State;

/** A node of which the test says how it behaves, on a real socket. */
final class FakeNode implements AutoCloseable {
    private final ServerSocket listening = listen();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final State state;
    private final Behaviour behaviour;
    private final BlockingQueue<Long> cancelled = new LinkedBlockingQueue<>();
    private volatile boolean deaf;

    interface Behaviour {
        /** What happens when a question comes. */
        void asked(Line line, Message question) throws IOException;
    }

    /** Where answers go. */
    interface Line {
        void send(Message answer);

        /** Bytes as they are. */
        void send(byte[] bytes) throws IOException;
    }

    FakeNode(String model, String generation, List<Integer> shards, Behaviour behaviour) {
        this.state = new State(
                0,
                model,
                List.of(new OfGeneration(
                        generation,
                        shards.stream().map(shard -> new OfShard(shard, 0)).toList(),
                        Optional.of(Columns.OF_EVERY_PICTURE))));
        this.behaviour = behaviour;
        Thread accepting = new Thread(this::accept, "fake-node");
        accepting.setDaemon(true);
        accepting.start();
    }

    private static ServerSocket listen() {
        try {
            return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    /** How many it has. */
    int shards() {
        return state.generations().get(0).shards().size();
    }

    String model() {
        return state.model();
    }

    /** Numbers of questions that the broker lost interest in. */
    BlockingQueue<Long> cancelled() {
        return cancelled;
    }

    /** From now on nothing is answered, pings neither; the connections stay. */
    void fallSilent() {
        deaf = true;
    }

    void wakeUp() {
        deaf = false;
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listening.accept();
                sockets.add(socket);
                readHead(socket.getInputStream());
                socket.getOutputStream()
                        .write("HTTP/1.1 101 Switching Protocols\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                converse(socket);
            }
        } catch (IOException e) {
            // Closed by the test.
        }
    }

    private static void readHead(InputStream in) throws IOException {
        int ends = 0;
        while (ends < 2) {
            int next = in.read();
            ends = next == '\n' ? ends + 1 : next == '\r' ? ends : 0;
        }
    }

    private void converse(Socket socket) throws IOException {
        Connection[] connection = new Connection[1];
        Line line = new Line() {
            @Override
            public void send(Message answer) {
                connection[0].send(answer);
            }

            @Override
            public void send(byte[] bytes) throws IOException {
                socket.getOutputStream().write(bytes);
            }
        };
        connection[0] = Connection.over(
                new OpenConnection("broker", List.of(), socket.getInputStream(), socket.getOutputStream(), socket),
                new Connection.Listener() {
                    @Override
                    public void received(Message message) {
                        if (deaf) {
                            return;
                        }
                        try {
                            if (message instanceof Ping) {
                                line.send(state);
                            } else if (message instanceof Cancel) {
                                cancelled.add(message.number());
                            } else {
                                behaviour.asked(line, message);
                            }
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    }

                    @Override
                    public void closed(String reason) {
                        sockets.remove(socket);
                    }
                });
        connection[0].start();
    }

    @Override
    public void close() {
        try {
            listening.close();
            for (Socket socket : sockets) {
                socket.close();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
