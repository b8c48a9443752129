package org.imagesearch.server.shards;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.SmallIndex;
import org.imagesearch.server.index.BestHits;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.IndexSettings;
import org.imagesearch.server.index.Probe;
import org.imagesearch.server.index.Screening;
import org.imagesearch.server.index.ShardHits;
import org.imagesearch.server.index.Verification;
import org.imagesearch.server.query.Deadline;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShardScansTest {
    private static final int SHARDS = 4;
    private static final Deadline FAR = Deadline.in(Duration.ofMinutes(5));

    /** Not those that are tested. */
    private static final ShardScans SCANS = new ShardScans(1, 1);

    private SmallIndex index;
    private LocalGeneration generation;
    private Probe probe;

    @BeforeEach
    void openGeneration(@TempDir Path folder) {
        index = SmallIndex.publish(folder, 1, 81, 60, SHARDS);
        generation = open(folder, index.generation(), true, Screening.NEVER);
        probe = probe(SmallIndex.randomUnit(new Random(9)), 100);
    }

    /** All lists, the nearest first. */
    private Probe probe(float[] query, int k) {
        long[] lists = new long[SmallIndex.NLIST];
        float[] coarseScores = new float[lists.length];
        generation.centroids().assign(query, 1, lists.length, lists, coarseScores);
        return new Probe(query, k, Double.NEGATIVE_INFINITY, lists, coarseScores);
    }

    private static LocalGeneration open(Path folder, String name, boolean map, Screening screen) {
        return LocalGeneration.open(
                new IndexDirectory(folder),
                name,
                SmallIndex.BUNDLE.fingerprint(),
                "the demo model",
                new IndexSettings("", map, screen, Verification.QUICK, Duration.ofSeconds(1), new Bytes(1 << 20)),
                SCANS,
                new FilterCounts());
    }

    @AfterEach
    void generationIsGivenBackByEveryScan() {
        generation.release();
        assertThat(generation.retain()).as("someone still holds the generation").isFalse();
    }

    @Test
    void everyShardAnswersInOrderWithItsOwnPictures() {
        try (ShardScans scans = new ShardScans(3, 100)) {
            List<ShardHits> answers = scans.scan(generation, probe, FAR);

            for (int shard = 0; shard < SHARDS; shard++) {
                int number = shard;
                ShardHits answer = answers.get(shard);
                assertThat(answer.problem()).isNull();
                assertThat(answer.shard()).isEqualTo(number);
                assertThat(LongStream.of(answer.ids()).boxed())
                        .containsExactlyInAnyOrderElementsOf(index.items().stream()
                                .filter(item -> item.shard() == number)
                                .map(SmallIndex.Item::id)
                                .toList());
                assertThat(answer.scores()).hasSameSizeAs(answer.ids());
            }
        }
    }

    @Test
    void laterShardsLookOnlyForWhatCanStillBeAmongTheBest() {
        // As many as there are twins, whose scores are equal: some of them must be kept, and the right ones.
        for (int k : new int[] {1, 3, 7, 12, 20}) {
            float[] query = index.items().get(SmallIndex.TWINS).vector();
            Probe best = probe(query, k);
            try (ShardScans scans = new ShardScans(1, 100)) {
                List<ShardHits> answers = scans.scan(generation, best, FAR);

                BestHits merged = new BestHits(k, Double.NEGATIVE_INFINITY);
                for (ShardHits answer : answers) {
                    for (int i = 0; i < answer.ids().length; i++) {
                        assertThat(answer.scores()[i]).isGreaterThanOrEqualTo(merged.bound());
                    }
                    merged.add(answer);
                }
                assertThat(merged.sorted().stream().map(Found::id))
                        .containsExactlyElementsOf(SmallIndex.best(index.items(), query, k).stream()
                                .map(SmallIndex.Found::id)
                                .toList());
            }
        }
    }

    /** In memory or screened, those of a thread are scanned as one. */
    @ParameterizedTest
    @CsvSource({"true, ALWAYS", "false, NEVER", "false, ALWAYS"})
    void shardsThatAreScannedAsOneFindTheSame(boolean map, Screening screen, @TempDir Path folder) {
        SmallIndex.publish(folder, 1, 81, 60, SHARDS);
        LocalGeneration inMemory = open(folder, index.generation(), map, screen);
        try {
            assertThat(inMemory.screenBytes() > 0).isEqualTo(screen == Screening.ALWAYS);
            assertThat(inMemory.openShards()).allMatch(Shard::isInMemory);
            assertThat(generation.openShards()).noneMatch(Shard::isInMemory);
            for (int threads : new int[] {1, 3, 9}) {
                for (int k : new int[] {1, 7, 100}) {
                    Probe best =
                            new Probe(probe.query(), k, Double.NEGATIVE_INFINITY, probe.lists(), probe.coarseScores());
                    try (ShardScans alone = new ShardScans(1, 100);
                            ShardScans scans = new ShardScans(threads, 100)) {
                        List<List<Number>> expected = best(alone.scan(generation, best, FAR), k);
                        List<ShardHits> here = scans.scan(inMemory, best, FAR);
                        List<ShardHits> onThreads = onThreads(scans, inMemory, best);

                        assertThat(here).extracting(answer -> answer.shard()).containsExactly(0, 1, 2, 3);
                        assertThat(best(here, k)).isEqualTo(expected);
                        assertThat(onThreads)
                                .extracting(answer -> answer.shard())
                                .containsExactlyInAnyOrder(0, 1, 2, 3);
                        assertThat(best(onThreads, k)).isEqualTo(expected);
                    }
                }
            }
        } finally {
            inMemory.release();
        }
    }

    private static List<ShardHits> onThreads(ShardScans scans, LocalGeneration generation, Probe probe) {
        BlockingQueue<ShardHits> answers = new LinkedBlockingQueue<>();
        scans.scan(generation, generation.openShards(), probe, FAR, answers::addAll);
        List<ShardHits> all = new ArrayList<>();
        try {
            while (all.size() < SHARDS) {
                all.add(answers.take());
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return all;
    }

    @Test
    void aQuickScanNeedsNoOtherThread(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 81, 60, SHARDS);
        LocalGeneration inMemory = open(folder, index.generation(), false, Screening.NEVER);
        ShardScans without = new ShardScans(1, 100);
        without.close();
        try {
            assertThat(without.scan(inMemory, probe, FAR))
                    .allSatisfy(answer -> assertThat(answer.ids()).isNotEmpty());
            assertThat(without.scan(inMemory, probe, Deadline.in(Duration.ZERO)))
                    .extracting(ShardHits::problem)
                    .containsOnly("deadline");
            assertThat(without.scan(generation, probe, FAR))
                    .extracting(ShardHits::problem)
                    .containsOnly("overloaded");
        } finally {
            inMemory.release();
        }
    }

    /** Shard, id and score of each. */
    private static List<List<Number>> best(List<ShardHits> answers, int k) {
        BestHits merged = new BestHits(k, Double.NEGATIVE_INFINITY);
        answers.forEach(answer -> merged.add(answer.shard(), answer.ids(), answer.scores()));
        return merged.sorted().stream()
                .map(found -> List.<Number>of(found.shard(), found.id(), found.score()))
                .toList();
    }

    @Test
    void ofShardsThatAreScannedAsOneTheFailedOneIsNamed(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 81, 60, SHARDS);
        LocalGeneration inMemory = open(folder, index.generation(), false, Screening.NEVER);
        inMemory.openShards().get(1).vectors().close();
        try (ShardScans scans = new ShardScans(1, 100)) {
            List<ShardHits> answers = scans.scan(inMemory, probe, FAR);

            assertThat(answers).extracting(ShardHits::problem).containsExactly(null, "failed", null, null);
            assertThat(answers.get(2).ids()).isNotEmpty();
        } finally {
            inMemory.release();
        }
    }

    @Test
    void whatComesAfterTheDeadlineIsNotBegunAndNamed() {
        // The clock jumps past the deadline when the one thread looks for the third time: before the third shard.
        AtomicInteger looks = new AtomicInteger();
        Deadline deadline = Deadline.in(Duration.ofMinutes(1), () -> {
            boolean scanning = Thread.currentThread().getName().startsWith("scan-");
            return scanning && looks.incrementAndGet() > 2 ? Duration.ofHours(1).toNanos() : 0;
        });
        try (ShardScans scans = new ShardScans(1, 100)) {
            List<ShardHits> answers = scans.scan(generation, probe, deadline);

            assertThat(answers).extracting(ShardHits::problem).containsExactly(null, null, "deadline", "deadline");
            assertThat(answers.get(2).ids()).isEmpty();
        }
    }

    @Test
    void aPassedDeadlineLeavesNoShard() {
        Deadline passed = Deadline.in(Duration.ZERO);
        try (ShardScans scans = new ShardScans(2, 100)) {
            assertThat(scans.scan(generation, probe, passed))
                    .extracting(ShardHits::problem)
                    .containsOnly("deadline");
        }
    }

    @Test
    void shardsBeyondTheQueueAreOverloaded() {
        CountDownLatch others = new CountDownLatch(1);
        AtomicInteger ownLooks = new AtomicInteger();
        // The one thread stands still in the first scan until all are handed in, so one more waits and two find no
        // room.
        Deadline deadline = Deadline.in(Duration.ofMinutes(1), () -> {
            if (Thread.currentThread().getName().startsWith("scan-")) {
                try {
                    others.await();
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            } else if (ownLooks.incrementAndGet() > 1) {
                others.countDown();
            }
            return 0;
        });
        try (ShardScans scans = new ShardScans(1, 1)) {
            assertThat(scans.scan(generation, probe, deadline))
                    .extracting(ShardHits::problem)
                    .containsExactly(null, null, "overloaded", "overloaded");
        }
    }

    @Test
    void aShardThatFailsIsNamedAndTheOthersAnswer() {
        generation.openShards().get(2).vectors().close();
        try (ShardScans scans = new ShardScans(2, 100)) {
            assertThat(scans.scan(generation, probe, FAR))
                    .extracting(ShardHits::problem)
                    .containsExactly(null, null, "failed", null);
        }
    }
}
