package org.imagesearch.server.search;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.Shard;
import org.imagesearch.server.query.Deadline;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scans the shards of a generation side by side, on a fixed number of threads with a bounded queue before them. A scan whose
 * deadline passed while it waited is not begun; one that is under way ends on its own, and its hits are dropped.
 *
 * <p>A scan that begins when others have ended looks only for what can still be among the best k of them all. With more
 * shards than threads, many shards so cost little more than one.
 */
final class ShardScans implements AutoCloseable {
    static final String DEADLINE = "deadline";
    static final String OVERLOADED = "overloaded";
    static final String FAILED = "failed";

    private static final Logger LOG = LoggerFactory.getLogger(ShardScans.class);
    private static final long STOP_SECONDS = 10;

    private final ThreadPoolExecutor threads;

    ShardScans(int count, int queue) {
        AtomicInteger number = new AtomicInteger();
        threads = new ThreadPoolExecutor(
                count,
                count,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(queue),
                task -> new Thread(task, "scan-" + number.getAndIncrement()));
    }

    /**
     * What every shard scans.
     *
     * @param query float[dimension]
     * @param least hits below it are of no use
     * @param lists long[nprobe], the centroids nearest to the query
     * @param coarseScores float[nprobe]
     */
    record Probe(float[] query, int k, double least, long[] lists, float[] coarseScores) {}

    /**
     * Scans every shard and returns what each one answered before the deadline, in the order of the shards: at least those of
     * its hits that are among the best k of all that answered.
     */
    List<ShardHits> scan(Generation generation, Probe probe, Deadline deadline) {
        List<Shard> shards = generation.shards();
        // As many places as shards: a late answer never blocks its thread.
        BlockingQueue<ShardHits> answers = new ArrayBlockingQueue<>(Math.max(1, shards.size()));
        BestHits best = new BestHits(probe.k, probe.least);
        for (Shard shard : shards) {
            submit(generation, shard, probe, best, deadline, answers);
        }
        ShardHits[] inOrder = new ShardHits[shards.size()];
        for (int waiting = shards.size(); waiting > 0; waiting--) {
            ShardHits answer = poll(answers, deadline);
            if (answer == null) {
                break;
            }
            inOrder[shards.indexOf(answer.shard())] = answer;
        }
        List<ShardHits> all = new ArrayList<>();
        for (int i = 0; i < inOrder.length; i++) {
            all.add(inOrder[i] == null ? ShardHits.none(shards.get(i), DEADLINE) : inOrder[i]);
        }
        return all;
    }

    private void submit(
            Generation generation,
            Shard shard,
            Probe probe,
            BestHits best,
            Deadline deadline,
            BlockingQueue<ShardHits> answers) {
        // The scan may outlive the request, so it holds the generation on its own account.
        if (!generation.retain()) {
            throw new IllegalStateException("the caller holds no reference to the generation");
        }
        try {
            threads.execute(() -> {
                try {
                    ShardHits answer = deadline.hasPassed()
                            ? ShardHits.none(shard, DEADLINE)
                            : scan(shard, generation.filter(shard), probe, best.bound());
                    answers.add(answer);
                    // Only after it is among the answers: a bound without its hits would cost others theirs.
                    best.add(shard, answer.ids(), answer.scores());
                } finally {
                    generation.release();
                }
            });
        } catch (RejectedExecutionException e) {
            generation.release();
            answers.add(ShardHits.none(shard, OVERLOADED));
        }
    }

    private static ShardHits scan(Shard shard, IdFilter filter, Probe probe, float bound) {
        try {
            long[] ids = new long[probe.k];
            float[] scores = new float[probe.k];
            shard.vectors()
                    .searchPreassigned(
                            probe.query,
                            1,
                            probe.k,
                            probe.lists,
                            probe.coarseScores,
                            probe.lists.length,
                            filter,
                            new float[] {bound},
                            ids,
                            scores);
            return new ShardHits(shard, ids, scores, null);
        } catch (RuntimeException e) {
            LOG.error("scan failed shard={}", shard.number(), e);
            return ShardHits.none(shard, FAILED);
        }
    }

    private static ShardHits poll(BlockingQueue<ShardHits> answers, Deadline deadline) {
        try {
            return answers.poll(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    @Override
    public void close() {
        threads.shutdown();
        try {
            if (!threads.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                LOG.warn("scans still under way after seconds={}", STOP_SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
