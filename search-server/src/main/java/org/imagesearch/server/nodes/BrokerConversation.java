package org.imagesearch.server.nodes;

import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.imagesearch.core.rows.ImageRow;
import org.imagesearch.core.rows.RowCodec;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.nodes.Message.Cancel;
import org.imagesearch.server.nodes.Message.Hits;
import org.imagesearch.server.nodes.Message.Lookup;
import org.imagesearch.server.nodes.Message.OfGeneration;
import org.imagesearch.server.nodes.Message.OfShard;
import org.imagesearch.server.nodes.Message.Picture;
import org.imagesearch.server.nodes.Message.Pictures;
import org.imagesearch.server.nodes.Message.Ping;
import org.imagesearch.server.nodes.Message.Refused;
import org.imagesearch.server.nodes.Message.Scan;
import org.imagesearch.server.nodes.Message.State;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.RequestId;
import org.imagesearch.server.shards.LocalGeneration;
import org.imagesearch.server.shards.Shard;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A node's side of one connection: reads a broker's questions and sends it the answers, in whatever order they are ready. */
final class BrokerConversation implements Connection.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(BrokerConversation.class);
    private static final byte[] NO_ROW = new byte[0];
    private static final float[] NO_VECTOR = new float[0];

    private final NodeService node;

    /** By the number of a question under way: set when its answer is not wanted any more. */
    private final Map<Long, AtomicBoolean> underWay = new ConcurrentHashMap<>();

    private Connection connection;

    BrokerConversation(NodeService node) {
        this.node = node;
    }

    /** Before the connection begins to read. */
    void goesOver(Connection opened) {
        connection = opened;
    }

    @Override
    public void received(Message message) {
        if (message instanceof Scan scan) {
            RequestId.with(scan.request(), () -> scan(scan));
        } else if (message instanceof Lookup lookup) {
            RequestId.with(lookup.request(), () -> lookUp(lookup));
        } else if (message instanceof Cancel) {
            Optional.ofNullable(underWay.get(message.number())).ifPresent(cancelled -> cancelled.set(true));
        } else if (message instanceof Ping ping) {
            node.index().retain(ping.generation()).ifPresent(Generation::release);
            connection.send(state(ping.number()));
        } else {
            LOG.warn("broker answers instead of asking peer={}", connection.peer());
            connection.close();
        }
    }

    @Override
    public void closed(String reason) {
        underWay.values().forEach(cancelled -> cancelled.set(true));
        node.ended(this, connection.peer(), reason);
    }

    void requireAccepted(Predicate<List<X509Certificate>> accepted) {
        connection.requireAccepted(accepted);
    }

    void close() {
        connection.close();
    }

    private State state(long number) {
        List<OfGeneration> generations = node.index().each(generation -> {
            LocalGeneration local = (LocalGeneration) generation;
            return new OfGeneration(
                    local.manifest().generation(),
                    local.openShards().stream()
                            .map(shard -> new OfShard(shard.number(), local.hiddenPictures(shard)))
                            .toList(),
                    local.columns());
        });
        return new State(number, node.model().value(), generations);
    }

    private void scan(Scan scan) {
        withGeneration("scan", scan.number(), scan.generation(), scan.shards(), (generation, done) -> {
            List<Shard> known = known(generation, scan.shards());
            Deadline deadline = deadline(scan.number(), scan.micros());
            Gathered gathered = new Gathered(scan, done);
            scan.shards().stream()
                    .filter(number -> known.stream().noneMatch(shard -> shard.number() == number))
                    .forEach(number -> gathered.accept(List.of(ShardHits.none(number, ShardHits.UNREACHABLE))));
            if (!scan.quiet()) {
                node.scans().scan(generation, known, scan.probe(), deadline, gathered);
                return;
            }
            boolean accepted = node.runQuietly(() -> known.forEach(
                    shard -> gathered.accept(List.of(generation.scanQuietly(shard.number(), scan.probe(), deadline)))));
            if (!accepted) {
                gathered.accept(known.stream()
                        .map(shard -> ShardHits.none(shard.number(), ShardHits.OVERLOADED))
                        .toList());
            }
        });
    }

    /** Sends the answer when every shard has given its own. */
    private final class Gathered implements Consumer<List<ShardHits>> {
        private final Scan scan;
        private final Runnable done;
        private final List<ShardHits> all = new ArrayList<>();

        Gathered(Scan scan, Runnable done) {
            this.scan = scan;
            this.done = done;
        }

        @Override
        public synchronized void accept(List<ShardHits> some) {
            all.addAll(some);
            if (all.size() == scan.shards().size()) {
                connection.send(new Hits(scan.number(), List.copyOf(all)));
                done.run();
            }
        }
    }

    private void lookUp(Lookup lookup) {
        withGeneration("lookup", lookup.number(), lookup.generation(), lookup.shards(), (generation, done) -> {
            boolean accepted = node.lookUp(() -> {
                try {
                    if (!deadline(lookup.number(), lookup.micros()).hasPassed()) {
                        connection.send(pictures(generation, lookup));
                    }
                } catch (RuntimeException e) {
                    LOG.error("lookup failed peer={}", connection.peer(), e);
                    refuse(lookup.number(), ShardHits.FAILED);
                } finally {
                    done.run();
                }
            });
            if (!accepted) {
                refuse(lookup.number(), ShardHits.OVERLOADED);
                done.run();
            }
        });
    }

    private static Pictures pictures(LocalGeneration generation, Lookup lookup) {
        List<Picture> found = new ArrayList<>();
        for (Shard shard : known(generation, lookup.shards())) {
            List<Optional<ImageRow>> rows = lookup.rows() ? shard.rows(lookup.ids()) : List.of();
            for (int i = 0; i < lookup.ids().length; i++) {
                long id = lookup.ids()[i];
                Optional<ImageRow> row = lookup.rows() ? rows.get(i) : Optional.empty();
                if (row.isPresent() || (!lookup.rows() && shard.holds(id))) {
                    found.add(picture(shard, id, row, lookup.vectors()));
                }
            }
        }
        return new Pictures(lookup.number(), found);
    }

    private static Picture picture(Shard shard, long id, Optional<ImageRow> row, boolean withVector) {
        Optional<float[]> vector = withVector ? shard.vector(id) : Optional.empty();
        return new Picture(
                shard.number(),
                id,
                row.map(known -> RowCodec.encode(id, known)).orElse(NO_ROW),
                vector.orElse(NO_VECTOR));
    }

    private static List<Shard> known(LocalGeneration generation, List<Integer> numbers) {
        return generation.openShards().stream()
                .filter(shard -> numbers.contains(shard.number()))
                .toList();
    }

    /** Passes when the time is over, or when the broker has lost interest. */
    private Deadline deadline(long number, long micros) {
        AtomicBoolean cancelled = underWay.getOrDefault(number, new AtomicBoolean());
        long begin = System.nanoTime();
        return Deadline.in(
                Duration.of(micros, ChronoUnit.MICROS),
                () -> cancelled.get()
                        ? begin + Duration.of(micros, ChronoUnit.MICROS).toNanos()
                        : System.nanoTime());
    }

    private interface Work {
        /** @param done is to run once, when the generation is not needed any more and there is an answer */
        void with(LocalGeneration generation, Runnable done);
    }

    private void withGeneration(String kind, long number, String name, List<Integer> shards, Work work) {
        long begin = System.nanoTime();
        Optional<Generation> generation = node.index().retain(name);
        if (generation.isEmpty()) {
            refuse(number, ShardHits.UNREACHABLE);
            return;
        }
        underWay.put(number, new AtomicBoolean());
        AtomicBoolean ended = new AtomicBoolean();
        Runnable done = () -> {
            if (ended.compareAndSet(false, true)) {
                underWay.remove(number);
                tellIfSlow(kind, shards, System.nanoTime() - begin);
                generation.get().release();
            }
        };
        try {
            work.with((LocalGeneration) generation.get(), done);
        } catch (RuntimeException e) {
            LOG.error("question failed peer={}", connection.peer(), e);
            refuse(number, ShardHits.FAILED);
            done.run();
        }
    }

    private void tellIfSlow(String kind, List<Integer> shards, long nanos) {
        if (nanos >= node.slow().toNanos()) {
            LOG.warn(
                    "slow question kind={} shards={} ms={} peer={}",
                    kind,
                    shards,
                    TimeUnit.NANOSECONDS.toMillis(nanos),
                    connection.peer());
        }
    }

    private void refuse(long number, String problem) {
        connection.send(new Refused(number, problem));
    }
}
