package org.imagesearch.server.nodes;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.nodes.Gathering.Answered;
import org.imagesearch.server.nodes.Message.Hits;
import org.imagesearch.server.nodes.Message.Scan;
import org.imagesearch.server.query.RequestId;

/**
 * Asks shards for their best hits.
 *
 * @param quiet whether it can wait behind everything else
 */
record ScanQuestion(String generation, Probe probe, boolean quiet) implements Gathering.Question<ShardHits> {
    @Override
    public Message of(long number, List<Integer> shards, long micros) {
        return new Scan(number, RequestId.ofThisThread(), generation, micros, quiet, shards, probe);
    }

    @Override
    public Map<Integer, Answered<ShardHits>> read(Message message, List<Integer> shards) throws GarbledException {
        if (!(message instanceof Hits hits)) {
            throw new GarbledException("a scan is not answered by hits");
        }
        Map<Integer, Answered<ShardHits>> byShard = new HashMap<>();
        for (ShardHits answer : hits.shards()) {
            if (answer.ids().length > probe.k()) {
                throw new GarbledException("shard " + answer.shard() + " has more hits than were asked for");
            }
            byShard.put(answer.shard(), new Answered<>(answer, answer.problem()));
        }
        if (!byShard.keySet().containsAll(shards)) {
            throw new GarbledException("of the shards " + shards + " only " + byShard.keySet() + " are answered for");
        }
        return byShard;
    }

    /** The time goes with the lists; some goes by however few there are. */
    @Override
    public int size() {
        return Math.max(1, probe.lists().length);
    }
}
