package org.imagesearch.server.search;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.query.RequestId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The recall of live queries: a small share of them is asked again, against every vector, and what was answered is compared
 * with what that finds. So an operator sees when pictures or questions have drifted away from what the index was trained and
 * measured with.
 *
 * <p>Recall is that of the first {@value #K} hits, or of as many as were asked for: the share of the exact ones that the
 * answer had, a hit of the same score as the last exact one counting as that one. Taken-down pictures are in neither. Answers
 * that lack a shard are not measured: that is counted elsewhere.
 *
 * <p>All of it happens on one thread, in pieces with pauses between them that keep it within its budget, behind a bounded
 * queue; whatever cannot be measured is dropped and counted. Thread-safe.
 */
public final class LiveRecall implements AutoCloseable {
    /** As the recall curve of the index. */
    static final int K = 10;

    private static final Logger LOG = LoggerFactory.getLogger(LiveRecall.class);
    private static final long STOP_SECONDS = 10;

    /** Rests included: a net below the bound on the work itself. */
    private static final Duration LONGEST_ELAPSED = Duration.ofHours(1);

    private final LiveRecallSettings settings;
    private final DoubleSupplier random;
    private final LongSupplier nanoClock;
    private final Rest rest;
    private final Budget budget;
    private final BlockingQueue<Answered> waiting;
    private final CountDownLatch stopping;
    private final Map<QueryKind, Measured> measured = new EnumMap<>(QueryKind.class);
    private final Map<Drop, Long> dropped = new EnumMap<>(Drop.class);
    private long workNanos;
    private Thread thread;

    /** Waits a while, or less if measuring is to end. */
    interface Rest {
        void rest(long nanos) throws InterruptedException;
    }

    /** Why a query that was to be measured was not. */
    enum Drop {
        /** Too many others waited. */
        QUEUE_FULL,
        /** Comparing with every vector would take longer than the settings allow. */
        TOO_LONG,
        /** Another generation was published or other pictures were taken down meanwhile. */
        INDEX_CHANGED,
        /** A shard did not answer. */
        SHARD_MISSING,
        FAILED
    }

    /**
     * A query and what was answered.
     *
     * @param request the id of the request that it came with; may be empty
     * @param query float[dimension], of unit length
     * @param k hits that were asked for
     * @param least score that hits had to have
     * @param nprobe lists that were scanned
     * @param expected recall that was measured at that nprobe when the index was built, if it was
     * @param hits of a complete answer, best first
     */
    record Answered(
            String request,
            Generation generation,
            QueryKind kind,
            float[] query,
            int k,
            double least,
            int nprobe,
            Optional<Double> expected,
            List<Found> hits) {}

    /** Sums of one kind of query. */
    private static final class Measured {
        private final DecayedMean recall = new DecayedMean();
        private final DecayedMean expected = new DecayedMean();
        private double sum;
    }

    /**
     * What was measured so far.
     *
     * @param share of the queries that are measured
     * @param queries by kind: {@code words}, {@code pictures}, {@code mixed}; kinds never measured are absent
     * @param dropped by reason
     * @param workSeconds time that measuring took
     */
    public record State(double share, Map<String, OfKind> queries, Map<String, Long> dropped, double workSeconds) {}

    /**
     * Recall of one kind of query.
     *
     * @param measured queries so far
     * @param recall mean of the recent ones: each new one counts 1 / 200
     * @param expected mean of what the index's curve promised for those same queries; absent if it has no queries of the kind
     * @param sum of all recalls, for means over any time
     */
    public record OfKind(long measured, double recall, Optional<Double> expected, double sum) {}

    /**
     * Measures nothing until {@link #measureNext} is called.
     *
     * @param random from 0 to 1, for choosing queries
     * @param stopping counted down by {@link #close}, which ends work and rest early
     */
    LiveRecall(
            LiveRecallSettings settings,
            DoubleSupplier random,
            LongSupplier nanoClock,
            Rest rest,
            CountDownLatch stopping) {
        this.settings = settings;
        this.random = random;
        this.nanoClock = nanoClock;
        this.rest = rest;
        this.stopping = stopping;
        this.budget = new Budget(settings.budget());
        this.waiting = new ArrayBlockingQueue<>(settings.queue());
        for (Drop reason : Drop.values()) {
            dropped.put(reason, 0L);
        }
    }

    /** Measures on a thread of its own from now on. Its priority is a hint that few systems take: the budget is the bound. */
    @SuppressWarnings("ThreadPriorityCheck")
    static LiveRecall start(LiveRecallSettings settings) {
        CountDownLatch stopping = new CountDownLatch(1);
        LiveRecall recall = new LiveRecall(
                settings,
                () -> ThreadLocalRandom.current().nextDouble(),
                System::nanoTime,
                nanos -> stopping.await(nanos, TimeUnit.NANOSECONDS),
                stopping);
        if (settings.share() > 0) {
            recall.thread = new Thread(recall::run, "live-recall");
            recall.thread.setDaemon(true);
            recall.thread.setPriority(Thread.MIN_PRIORITY);
            recall.thread.start();
        }
        return recall;
    }

    /** Measures an answer some time, if it is chosen and there is room. Returns at once. */
    void offer(Answered answered) {
        if (!(random.getAsDouble() < settings.share())) {
            return;
        }
        if (answered.nprobe() == answered.generation().manifest().nlist()) {
            // It was compared with every vector already.
            record(answered, 1);
        } else if (!waiting.offer(answered)) {
            drop(Drop.QUEUE_FULL);
        }
    }

    public synchronized State state() {
        Map<String, OfKind> queries = new TreeMap<>();
        measured.forEach((kind, of) -> queries.put(
                kind.text(),
                new OfKind(
                        of.recall.count(),
                        of.recall.mean(),
                        of.expected.count() == 0 ? Optional.empty() : Optional.of(of.expected.mean()),
                        of.sum)));
        Map<String, Long> reasons = new TreeMap<>();
        dropped.forEach((reason, count) -> reasons.put(reason.name().toLowerCase(Locale.ROOT), count));
        return new State(settings.share(), queries, reasons, workNanos / 1e9);
    }

    private void run() {
        while (isRunning()) {
            try {
                measureNext(TimeUnit.SECONDS.toNanos(1));
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private boolean isRunning() {
        return stopping.getCount() > 0;
    }

    /**
     * Measures the query that waits longest, once the rest that is due has passed.
     *
     * @param waitNanos for one to come
     */
    void measureNext(long waitNanos) throws InterruptedException {
        rest();
        Answered answered = waiting.poll(waitNanos, TimeUnit.NANOSECONDS);
        if (answered == null) {
            return;
        }
        // A closed generation has been replaced. Queries that wait keep none open: its files may be large.
        if (!answered.generation().retain()) {
            drop(Drop.INDEX_CHANGED);
            return;
        }
        try {
            RequestId.with(answered.request(), () -> tryToMeasure(answered));
        } finally {
            answered.generation().release();
        }
    }

    private void tryToMeasure(Answered answered) {
        try {
            measure(answered);
        } catch (RequestException e) {
            LOG.warn(
                    "live recall not measured generation={} reason=\"{}\"",
                    answered.generation().manifest().generation(),
                    e.getMessage());
            drop(Drop.SHARD_MISSING);
        } catch (RuntimeException e) {
            LOG.error(
                    "live recall failed generation={}",
                    answered.generation().manifest().generation(),
                    e);
            drop(Drop.FAILED);
        }
    }

    private void rest() throws InterruptedException {
        rest.rest(budget.restNanos(nanoClock.getAsLong()));
    }

    private void measure(Answered answered) {
        Work work = new Work(answered.generation());
        int k = Math.min(K, answered.k());
        Optional<List<Found>> exact = ExactScan.best(
                answered.generation(), answered.query(), k, answered.least(), Deadline.in(LONGEST_ELAPSED), work);
        if (exact.isPresent()) {
            work.pieceEnded();
            if (!exact.get().isEmpty()) {
                record(answered, recall(answered.hits(), exact.get()));
            }
        } else if (work.reason != null) {
            drop(work.reason);
        }
    }

    /** The work on one query: it rests between pieces, and ends early what is of no use or takes too long. */
    private final class Work implements ExactScan.Pace {
        private final Generation generation;
        private long beginNanos = nanoClock.getAsLong();
        private long nanos;
        private Drop reason;

        Work(Generation generation) {
            this.generation = generation;
        }

        void pieceEnded() {
            long now = nanoClock.getAsLong();
            long piece = now - beginNanos;
            nanos += piece;
            budget.spent(piece, now);
            synchronized (LiveRecall.this) {
                workNanos += piece;
            }
        }

        @Override
        public boolean goOn(long done, long total) {
            pieceEnded();
            if ((double) nanos / done * total > settings.longestScan().toNanos()) {
                reason = Drop.TOO_LONG;
                return false;
            }
            try {
                rest();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
            if (generation.isReplaced()) {
                reason = Drop.INDEX_CHANGED;
                return false;
            }
            beginNanos = nanoClock.getAsLong();
            return isRunning();
        }
    }

    /** The share of the exact hits, at least one, that an answer has. */
    static double recall(List<Found> hits, List<Found> exact) {
        Set<Long> ids = new HashSet<>();
        exact.forEach(found -> ids.add(found.id()));
        float last = exact.get(exact.size() - 1).score();
        List<Found> first = new ArrayList<>(hits.subList(0, Math.min(hits.size(), exact.size())));
        first.removeIf(found -> !ids.contains(found.id()) && found.score() < last);
        return (double) first.size() / exact.size();
    }

    private synchronized void record(Answered answered, double recall) {
        Measured of = measured.computeIfAbsent(answered.kind(), kind -> new Measured());
        of.recall.add(recall);
        of.sum += recall;
        answered.expected().ifPresent(of.expected::add);
    }

    private synchronized void drop(Drop reason) {
        dropped.merge(reason, 1L, Long::sum);
    }

    @Override
    public void close() {
        stopping.countDown();
        if (thread != null) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(STOP_SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
