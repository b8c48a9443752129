package org.imagesearch.server.nodes;

import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.imagesearch.core.Ids;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.filter.ColumnType;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.core.filter.Filter;
import org.imagesearch.server.index.Probe;
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
import org.imagesearch.server.query.RequestId;

/** Messages as frames: a byte that says which, the number, then the fields in the order of the record. */
final class Messages {
    private static final int SCAN = 1;
    private static final int LOOKUP = 2;
    private static final int CANCEL = 3;
    private static final int PING = 4;
    private static final int HITS = 5;
    private static final int PICTURES = 6;
    private static final int REFUSED = 7;
    private static final int STATE = 8;

    static final long LONGEST_MICROS = TimeUnit.DAYS.toMicros(1);

    private Messages() {}

    /** @throws IllegalArgumentException if the message is larger than a frame may be */
    static byte[] frame(Message message) {
        FrameWriter out = new FrameWriter();
        if (message instanceof Scan scan) {
            write(out.putByte(SCAN), scan);
        } else if (message instanceof Lookup lookup) {
            write(out.putByte(LOOKUP), lookup);
        } else if (message instanceof Cancel) {
            out.putByte(CANCEL).put(message.number());
        } else if (message instanceof Ping ping) {
            out.putByte(PING).put(message.number()).put(ping.generation());
        } else if (message instanceof Hits hits) {
            write(out.putByte(HITS), hits);
        } else if (message instanceof Pictures pictures) {
            write(out.putByte(PICTURES), pictures);
        } else if (message instanceof Refused refused) {
            out.putByte(REFUSED).put(message.number()).put(refused.problem());
        } else {
            write(out.putByte(STATE), (State) message);
        }
        return out.frame();
    }

    private static void write(FrameWriter out, Scan scan) {
        Probe probe = scan.probe();
        out.put(scan.number())
                .put(scan.request())
                .put(scan.generation())
                .put(scan.micros())
                .put(scan.quiet());
        writeShards(out, scan.shards());
        out.put(probe.query())
                .put(probe.k())
                .put(probe.least())
                .put(probe.lists())
                .put(probe.coarseScores())
                .put(probe.filter().map(Filter::text).orElse(""));
    }

    private static void write(FrameWriter out, Lookup lookup) {
        out.put(lookup.number())
                .put(lookup.request())
                .put(lookup.generation())
                .put(lookup.micros())
                .put(lookup.rows())
                .put(lookup.vectors());
        writeShards(out, lookup.shards());
        out.put(lookup.ids());
    }

    private static void writeShards(FrameWriter out, List<Integer> shards) {
        out.put(shards.size());
        shards.forEach(out::put);
    }

    private static void write(FrameWriter out, Hits hits) {
        out.put(hits.number()).put(hits.shards().size());
        for (ShardHits shard : hits.shards()) {
            out.put(shard.shard()).put(shard.problem() == null ? "" : shard.problem());
            out.put(shard.ids()).put(shard.scores());
        }
    }

    private static void write(FrameWriter out, Pictures pictures) {
        out.put(pictures.number()).put(pictures.pictures().size());
        for (Picture picture : pictures.pictures()) {
            out.put(picture.shard()).put(picture.id()).put(picture.row()).put(picture.vector());
        }
    }

    private static void write(FrameWriter out, State state) {
        out.put(state.number()).put(state.model()).put(state.generations().size());
        for (OfGeneration generation : state.generations()) {
            out.put(generation.name()).put(generation.shards().size());
            for (OfShard shard : generation.shards()) {
                out.put(shard.shard()).put(shard.hidden());
            }
            write(out, generation.columns());
        }
    }

    private static void write(FrameWriter out, Optional<Columns> columns) {
        Map<String, Set<ColumnType>> types = columns.map(Columns::types).orElse(Map.of());
        out.put(columns.isPresent()).put(types.size());
        types.forEach((name, of) -> {
            out.put(name).put(of.size());
            of.forEach(type -> out.put(type.text()));
        });
    }

    /**
     * Reads the body of a frame.
     *
     * @param body backed by an array
     * @throws GarbledException if it is no message, or one that no peer in its senses would send
     */
    static Message read(ByteBuffer body) throws GarbledException {
        FrameReader in = new FrameReader(body);
        int kind = in.nextByte();
        long number = in.nextLong();
        Message message =
                switch (kind) {
                    case SCAN -> readScan(in, number);
                    case LOOKUP ->
                        new Lookup(
                                number,
                                readRequest(in),
                                in.nextText(),
                                readMicros(in),
                                in.nextBoolean(),
                                in.nextBoolean(),
                                readShards(in),
                                in.nextLongs());
                    case CANCEL -> new Cancel(number);
                    case PING -> new Ping(number, in.nextText());
                    case HITS -> new Hits(number, in.nextList(14, () -> readHits(in)));
                    case PICTURES -> new Pictures(number, in.nextList(20, () -> readPicture(in)));
                    case REFUSED -> new Refused(number, in.nextText());
                    case STATE ->
                        new State(
                                number,
                                in.nextText(),
                                in.nextList(
                                        11,
                                        () -> new OfGeneration(
                                                in.nextText(),
                                                in.nextList(12, () -> new OfShard(in.nextInt(), in.nextLong())),
                                                readColumns(in))));
                    default -> throw new GarbledException("a message is of the unknown kind " + kind);
                };
        in.requireEnd();
        return message;
    }

    private static Scan readScan(FrameReader in, long number) throws GarbledException {
        String request = readRequest(in);
        String generation = in.nextText();
        long micros = readMicros(in);
        boolean quiet = in.nextBoolean();
        List<Integer> shards = readShards(in);
        float[] query = in.nextFloats();
        int k = in.nextInt();
        Probe probe = new Probe(query, k, in.nextDouble(), in.nextLongs(), in.nextFloats(), readFilter(in.nextText()));
        if (k < 1 || probe.lists().length != probe.coarseScores().length) {
            throw new GarbledException(String.format(
                    "a question is for %d hits in %d lists with %d scores",
                    k, probe.lists().length, probe.coarseScores().length));
        }
        return new Scan(number, request, generation, micros, quiet, shards, probe);
    }

    private static String readRequest(FrameReader in) throws GarbledException {
        String request = in.nextText();
        if (!request.isEmpty() && RequestId.accept(request).isEmpty()) {
            throw new GarbledException("a question is for a request whose id is none");
        }
        return request;
    }

    private static Optional<Filter> readFilter(String text) throws GarbledException {
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Filter.parse(text));
        } catch (ImageSearchException e) {
            throw new GarbledException("a question has a " + e.getMessage());
        }
    }

    private static Optional<Columns> readColumns(FrameReader in) throws GarbledException {
        boolean known = in.nextBoolean();
        Map<String, Set<ColumnType>> types = new LinkedHashMap<>();
        in.nextList(6, () -> types.put(in.nextText(), Set.copyOf(in.nextList(2, () -> readType(in)))));
        return known ? Optional.of(new Columns(types)) : Optional.empty();
    }

    private static ColumnType readType(FrameReader in) throws GarbledException {
        String text = in.nextText();
        for (ColumnType type : ColumnType.values()) {
            if (type.text().equals(text)) {
                return type;
            }
        }
        throw new GarbledException("a column is of the unknown type '" + text + "'");
    }

    private static long readMicros(FrameReader in) throws GarbledException {
        long micros = in.nextLong();
        if (micros < 0 || micros > LONGEST_MICROS) {
            throw new GarbledException("a question gives a time of " + micros + " microseconds");
        }
        return micros;
    }

    private static List<Integer> readShards(FrameReader in) throws GarbledException {
        List<Integer> shards = in.nextList(Integer.BYTES, in::nextInt);
        if (shards.isEmpty() || Set.copyOf(shards).size() < shards.size()) {
            throw new GarbledException("a question is for no shard, or twice for the same: " + shards);
        }
        return shards;
    }

    private static ShardHits readHits(FrameReader in) throws GarbledException {
        int shard = in.nextInt();
        String problem = in.nextText();
        ShardHits hits = new ShardHits(shard, in.nextLongs(), in.nextFloats(), problem.isEmpty() ? null : problem);
        if (hits.ids().length != hits.scores().length) {
            throw new GarbledException(
                    String.format("shard %d has %d ids and %d scores", shard, hits.ids().length, hits.scores().length));
        }
        for (int i = 0; i < hits.ids().length; i++) {
            requireHit(hits, i);
        }
        return hits;
    }

    private static void requireHit(ShardHits hits, int place) throws GarbledException {
        float score = hits.scores()[place];
        if (!Ids.isValid(hits.ids()[place]) || !Float.isFinite(score)) {
            throw new GarbledException(
                    String.format("shard %d has the hit %d with score %s", hits.shard(), hits.ids()[place], score));
        }
        if (place > 0 && score > hits.scores()[place - 1]) {
            throw new GarbledException("the hits of shard " + hits.shard() + " are not best first");
        }
    }

    private static Picture readPicture(FrameReader in) throws GarbledException {
        return new Picture(in.nextInt(), in.nextLong(), in.nextBytes(), in.nextFloats());
    }
}
