package org.imagesearch.server.nodes;

import java.util.List;
import java.util.Optional;
import org.imagesearch.core.filter.Columns;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;

/** What brokers and nodes tell each other. What asks has a number, which the answer carries too. */
sealed interface Message {
    /** The protocol; nodes and brokers of another version refuse each other. */
    String PROTOCOL = "imagesearch-node/2";

    /** Of the question that this is, or answers; of a ping, any. */
    long number();

    /**
     * A broker asks shards for their best.
     *
     * @param request id of the request that it asks for, for the node's log; empty if there is none
     * @param micros until an answer is of no use
     * @param quiet whether it can wait behind everything else
     * @param shards numbers; the node has them all, as far as the broker knows
     */
    record Scan(
            long number,
            String request,
            String generation,
            long micros,
            boolean quiet,
            List<Integer> shards,
            Probe probe)
            implements Message {}

    /**
     * A broker asks which of some ids shards have, and what they keep of them.
     *
     * @param request id of the request that it asks for, for the node's log; empty if there is none
     * @param micros until an answer is of no use
     * @param rows whether it wants their rows
     * @param vectors whether it wants their embeddings
     */
    record Lookup(
            long number,
            String request,
            String generation,
            long micros,
            boolean rows,
            boolean vectors,
            List<Integer> shards,
            long[] ids)
            implements Message {}

    /** A broker does not need an answer any more. */
    record Cancel(long number) implements Message {}

    /**
     * A broker is there, and wants to know what the node has.
     *
     * @param generation that it asks for at present; the node keeps that open
     */
    record Ping(long number, String generation) implements Message {}

    /** A node answers a {@link Scan}: each shard that was asked, once. */
    record Hits(long number, List<ShardHits> shards) implements Message {}

    /** A node answers a {@link Lookup}: the ids that it has. */
    record Pictures(long number, List<Picture> pictures) implements Message {}

    /**
     * A picture of a shard.
     *
     * @param row as {@link org.imagesearch.core.rows.RowCodec} writes it; empty if it was not asked for
     * @param vector float[dimension]; empty if it was not asked for
     */
    record Picture(int shard, long id, byte[] row, float[] vector) {}

    /** A node answers no question at all; {@code problem} is one of {@link ShardHits}. */
    record Refused(long number, String problem) implements Message {}

    /**
     * A node answers a {@link Ping}.
     *
     * @param model fingerprint of the model that its index was made with
     * @param generations that it has open
     */
    record State(long number, String model, List<OfGeneration> generations) implements Message {}

    /**
     * A generation that a node has open.
     *
     * @param columns that filters may name; empty if one of its shards cannot be filtered
     */
    record OfGeneration(String name, List<OfShard> shards, Optional<Columns> columns) {}

    /**
     * A shard that a node has open.
     *
     * @param hidden pictures of it that are taken down
     */
    record OfShard(int shard, long hidden) {}
}
