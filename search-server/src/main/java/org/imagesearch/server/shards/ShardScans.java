package org.imagesearch.server.shards;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.imagesearch.faiss.FilteredLists;
import org.imagesearch.faiss.IdFilter;
import org.imagesearch.faiss.IvfShards;
import org.imagesearch.faiss.MatchingVectors;
import org.imagesearch.server.index.BestHits;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.RequestId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scans the shards of a generation side by side, on a fixed number of threads with a bounded queue before them. A scan whose
 * deadline passed while it waited is not begun; one that is under way ends on its own, and its hits are dropped.
 *
 * <p>Shards whose scans read memory alone are dealt out to the threads, and those of a thread are scanned as one: many shards so cost
 * little more than one. Of shards that may wait for a disk, each is scanned on its own, so that a slow one holds up no other. A scan
 * that begins when others have ended looks only for what can still be among the best k of them all.
 *
 * <p>What is scanned so quickly that handing it over and back would be felt is scanned on the thread that asks.
 */
public final class ShardScans implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ShardScans.class);
    private static final long STOP_SECONDS = 10;

    /** Bytes that are read in about a millisecond, of vectors or of their screens. */
    private static final double QUICK_BYTES = 16 << 20;

    private final ThreadPoolExecutor threads;

    /** Of those who ask, for scans of their own: more at once than processors would only take time from those who take requests in. */
    private final Semaphore turns;

    /**
     * @param count threads; as many of those who ask scan at once besides
     * @param queue scans that wait for a thread at most
     */
    public ShardScans(int count, int queue) {
        turns = new Semaphore(count);
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
     * Scans every shard and returns what each one answered before the deadline, in the order of the shards: at least those of
     * its hits that are among the best k of all that answered.
     */
    List<ShardHits> scan(LocalGeneration generation, Probe probe, Deadline deadline) {
        List<Shard> shards = generation.openShards();
        if (isQuick(shards, probe)) {
            return scanHere(generation, shards, probe, deadline);
        }
        // As many places as shards: a late answer never blocks its thread.
        BlockingQueue<ShardHits> answers = new ArrayBlockingQueue<>(Math.max(1, shards.size()));
        scan(generation, shards, probe, deadline, answers::addAll);
        ShardHits[] inOrder = new ShardHits[shards.size()];
        for (int waiting = shards.size(); waiting > 0; waiting--) {
            ShardHits answer = poll(answers, deadline);
            if (answer == null) {
                break;
            }
            inOrder[place(shards, answer.shard())] = answer;
        }
        List<ShardHits> all = new ArrayList<>();
        for (int i = 0; i < inOrder.length; i++) {
            all.add(inOrder[i] == null ? ShardHits.none(shards.get(i).number(), ShardHits.DEADLINE) : inOrder[i]);
        }
        return all;
    }

    private List<ShardHits> scanHere(LocalGeneration generation, List<Shard> shards, Probe probe, Deadline deadline) {
        try {
            if (!turns.tryAcquire(deadline.remainingNanos(), TimeUnit.NANOSECONDS)) {
                return none(shards, ShardHits.DEADLINE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return none(shards, ShardHits.DEADLINE);
        }
        try {
            return deadline.hasPassed()
                    ? none(shards, ShardHits.DEADLINE)
                    : scan(shards, generation, probe, new BestHits(probe.k(), probe.least()).bound());
        } finally {
            turns.release();
        }
    }

    /** With a filter, nobody knows before how much is to be read. */
    private static boolean isQuick(List<Shard> shards, Probe probe) {
        double bytes = shards.stream().mapToDouble(Shard::bytesPerList).sum() * probe.lists().length;
        return bytes <= QUICK_BYTES
                && probe.filter().isEmpty()
                && shards.stream().allMatch(Shard::isInMemory);
    }

    private static int place(List<Shard> shards, int number) {
        int place = 0;
        while (shards.get(place).number() != number) {
            place++;
        }
        return place;
    }

    /**
     * Scans shards and returns at once.
     *
     * @param shards some of those of the generation
     * @param answered gets what shards answered, some at a time, on the threads of the scans or on the calling one; each shard once
     */
    public void scan(
            LocalGeneration generation,
            List<Shard> shards,
            Probe probe,
            Deadline deadline,
            Consumer<List<ShardHits>> answered) {
        BestHits best = new BestHits(probe.k(), probe.least());
        for (List<Shard> together : groups(shards)) {
            submit(generation, together, probe, best, deadline, answered);
        }
    }

    /** Scans one shard on the calling thread. */
    static ShardHits scanHere(LocalGeneration generation, Shard shard, Probe probe) {
        float bound = new BestHits(probe.k(), probe.least()).bound();
        return scan(List.of(shard), generation, probe, bound).get(0);
    }

    /** What one task scans: at most as many tasks for shards in memory as there are threads. */
    private List<List<Shard>> groups(List<Shard> shards) {
        List<List<Shard>> inMemory = new ArrayList<>();
        List<List<Shard>> all = new ArrayList<>();
        int next = 0;
        for (Shard shard : shards) {
            if (!shard.isInMemory()) {
                all.add(List.of(shard));
                continue;
            }
            if (inMemory.size() < threads.getMaximumPoolSize()) {
                inMemory.add(new ArrayList<>());
            }
            inMemory.get(next++ % inMemory.size()).add(shard);
        }
        all.addAll(inMemory);
        return all;
    }

    private void submit(
            LocalGeneration generation,
            List<Shard> together,
            Probe probe,
            BestHits best,
            Deadline deadline,
            Consumer<List<ShardHits>> answered) {
        // The scan may outlive the request, so it holds the generation on its own account.
        if (!generation.retain()) {
            throw new IllegalStateException("the caller holds no reference to the generation");
        }
        try {
            threads.execute(RequestId.carriedWith(() -> {
                try {
                    List<ShardHits> found = deadline.hasPassed()
                            ? none(together, ShardHits.DEADLINE)
                            : scan(together, generation, probe, best.bound());
                    answered.accept(found);
                    // Only after they are among the answers: a bound without its hits would cost others theirs.
                    found.forEach(answer -> best.add(answer.shard(), answer.ids(), answer.scores()));
                } finally {
                    generation.release();
                }
            }));
        } catch (RejectedExecutionException e) {
            generation.release();
            answered.accept(none(together, ShardHits.OVERLOADED));
        }
    }

    private static List<ShardHits> none(List<Shard> shards, String problem) {
        return shards.stream()
                .map(shard -> ShardHits.none(shard.number(), problem))
                .toList();
    }

    private static List<ShardHits> scan(List<Shard> together, LocalGeneration generation, Probe probe, float bound) {
        try {
            return scanAsOne(together, generation, probe, bound);
        } catch (RuntimeException e) {
            if (together.size() == 1) {
                LOG.error("scan failed shard={}", together.get(0).number(), e);
                return none(together, ShardHits.FAILED);
            }
            // Which of them it was shows when each is scanned alone.
            return together.stream()
                    .flatMap(shard -> scan(List.of(shard), generation, probe, bound).stream())
                    .toList();
        }
    }

    private static List<ShardHits> scanAsOne(
            List<Shard> together, LocalGeneration generation, Probe probe, float bound) {
        if (probe.filter().isPresent()) {
            return scanFiltered(together, generation, probe, bound);
        }
        return scanAsOne(together, together.stream().map(generation::filter).toArray(IdFilter[]::new), probe, bound);
    }

    /** What the filter lets through is found out here, on the thread of the scan: of every shard by itself. */
    private static List<ShardHits> scanFiltered(
            List<Shard> together, LocalGeneration generation, Probe probe, float bound) {
        List<RecentFilters.Use> used = new ArrayList<>();
        try {
            List<Shard> shards = new ArrayList<>();
            List<MatchingVectors> matches = new ArrayList<>();
            for (Shard shard : together) {
                RecentFilters.Use use = generation.matches(shard, probe.filter().get());
                used.add(use);
                if (use.matches().count() > 0) {
                    shards.add(shard);
                    matches.add(use.matches());
                }
            }
            List<ShardHits> answers = new ArrayList<>(none(together, null));
            if (!shards.isEmpty()) {
                FilteredLists lists = FilteredLists.choose(
                        probe.query(),
                        probe.k(),
                        new FilteredLists(probe.lists(), probe.coarseScores()),
                        generation.centroids(),
                        shards.stream().map(Shard::vectors).toList(),
                        matches);
                Probe wide = new Probe(probe.query(), probe.k(), probe.least(), lists.lists(), lists.coarseScores());
                scanAsOne(shards, matches.stream().map(MatchingVectors::ids).toArray(IdFilter[]::new), wide, bound)
                        .forEach(answer -> answers.set(place(together, answer.shard()), answer));
            }
            return answers;
        } finally {
            used.forEach(RecentFilters.Use::close);
        }
    }

    /** @param filters of each shard the ids to keep, or null for all */
    private static List<ShardHits> scanAsOne(List<Shard> together, IdFilter[] filters, Probe probe, float bound) {
        int k = probe.k();
        long[] ids = new long[k];
        int[] shardOf = new int[k];
        float[] scores = new float[k];
        new IvfShards(together.stream().map(Shard::vectors).toList())
                .search(probe.query(), k, probe.lists(), probe.coarseScores(), filters, bound, ids, shardOf, scores);
        int[] counts = new int[together.size()];
        int found = 0;
        for (; found < k && ids[found] >= 0; found++) {
            counts[shardOf[found]]++;
        }
        List<ShardHits> answers = new ArrayList<>();
        for (int i = 0; i < counts.length; i++) {
            answers.add(new ShardHits(together.get(i).number(), new long[counts[i]], new float[counts[i]], null));
        }
        // From the back, so that the counts become the places of the hits.
        for (int hit = found - 1; hit >= 0; hit--) {
            ShardHits answer = answers.get(shardOf[hit]);
            int place = --counts[shardOf[hit]];
            answer.ids()[place] = ids[hit];
            answer.scores()[place] = scores[hit];
        }
        return answers;
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
