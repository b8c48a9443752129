package org.imagesearch.server.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.SmallIndex;
import org.imagesearch.server.index.Found;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.index.IndexSettings;
import org.imagesearch.server.index.Screening;
import org.imagesearch.server.index.ServedIndex;
import org.imagesearch.server.index.Verification;
import org.imagesearch.server.search.LiveRecall.Answered;
import org.imagesearch.server.search.LiveRecall.State;
import org.imagesearch.server.shards.LocalGeneration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveRecallTest {
    private static final int SHARDS = 3;
    private static final long PIECE_NANOS = 1_000_000;
    private static final Duration LONG = Duration.ofHours(1);

    private SmallIndex files;
    private ServedIndex index;
    private Generation generation;

    /** A clock that passes a millisecond with every look: so long does a piece of a scan take. */
    private long nowNanos;

    private final List<Long> rests = new ArrayList<>();
    private final CountDownLatch stopping = new CountDownLatch(1);

    @BeforeEach
    void openIndex(@TempDir Path folder) {
        files = SmallIndex.publish(folder, 1, 83, 300, SHARDS);
        index = SmallIndex.served(
                folder,
                new IndexSettings(
                        "", true, Screening.NEVER, Verification.QUICK, Duration.ofDays(1), new Bytes(1 << 20)));
        index.open();
        generation = index.with(current -> {
            assertThat(current.retain()).isTrue();
            return current;
        });
    }

    @AfterEach
    void everyMeasurementGivesTheGenerationBack() {
        index.close();
        generation.release();
        assertThat(generation.retain()).as("someone still holds the generation").isFalse();
    }

    @Test
    void theShareOfTheExactHitsThatWereAnsweredIsTheRecall() throws Exception {
        LiveRecall recall = recall(1, 1, LONG, 10);
        float[] query = SmallIndex.randomUnit(new Random(3));
        List<SmallIndex.Found> exact = SmallIndex.best(files.items(), query, 100);
        List<Found> answered = new ArrayList<>();
        // 7 of the best 10, then others.
        for (int place : new int[] {0, 1, 2, 4, 5, 7, 9, 10, 11, 12, 13, 3, 6, 8}) {
            answered.add(
                    new Found(0, exact.get(place).id(), (float) exact.get(place).score()));
        }

        recall.offer(answered(QueryKind.WORDS, query, 14, Double.NEGATIVE_INFINITY, 2, answered));
        recall.measureNext(0);

        State state = recall.state();
        assertThat(state.queries()).containsOnlyKeys("words");
        assertThat(state.queries().get("words").measured()).isEqualTo(1);
        assertThat(state.queries().get("words").recall()).isEqualTo(0.7);
        assertThat(state.queries().get("words").expected()).hasValue(0.9);
        assertThat(state.dropped().values()).containsOnly(0L);
        assertThat(state.workSeconds()).isPositive();
    }

    @Test
    void kindsAreKeptApartAndMeansAreOverQueries() throws Exception {
        LiveRecall recall = recall(1, 1, LONG, 10);
        float[] query = SmallIndex.randomUnit(new Random(4));
        List<SmallIndex.Found> exact = SmallIndex.best(files.items(), query, 4);
        for (int found = 0; found <= 4; found++) {
            List<Found> hits = exact.subList(0, found).stream()
                    .map(hit -> new Found(0, hit.id(), (float) hit.score()))
                    .toList();
            QueryKind kind = found < 3 ? QueryKind.PICTURES : QueryKind.MIXED;
            recall.offer(answered(kind, query, 4, Double.NEGATIVE_INFINITY, 2, hits));
            recall.measureNext(0);
        }

        State state = recall.state();
        assertThat(state.queries().get("pictures").measured()).isEqualTo(3);
        assertThat(state.queries().get("pictures").recall()).isCloseTo(0.25, within(1e-12));
        assertThat(state.queries().get("pictures").sum()).isCloseTo(0.75, within(1e-12));
        assertThat(state.queries().get("mixed").recall()).isCloseTo(0.875, within(1e-12));
    }

    @Test
    void whatScoresAsTheLastExactHitDoesIsAsGoodAsThat() {
        int shard = 0;
        List<Found> exact = List.of(new Found(shard, 1, 0.9f), new Found(shard, 2, 0.5f), new Found(shard, 3, 0.5f));
        assertThat(LiveRecall.recall(
                        List.of(new Found(shard, 1, 0.9f), new Found(shard, 3, 0.5f), new Found(shard, 4, 0.5f)),
                        exact))
                .isEqualTo(1);
        assertThat(LiveRecall.recall(
                        List.of(new Found(shard, 1, 0.9f), new Found(shard, 4, 0.4f), new Found(shard, 5, 0.3f)),
                        exact))
                .isEqualTo(1.0 / 3);
        assertThat(LiveRecall.recall(List.of(), exact)).isZero();
    }

    @Test
    void onlyHitsThatTheQueryWantedCount() throws Exception {
        LiveRecall recall = recall(1, 1, LONG, 10);
        float[] query = SmallIndex.randomUnit(new Random(5));
        List<SmallIndex.Found> exact = SmallIndex.best(files.items(), query, 5);
        double least = (exact.get(3).score() + exact.get(4).score()) / 2;
        List<Found> hits =
                List.of(new Found(0, exact.get(0).id(), (float) exact.get(0).score()));

        recall.offer(answered(QueryKind.WORDS, query, 10, least, 2, hits));
        recall.measureNext(0);
        assertThat(recall.state().queries().get("words").recall()).isEqualTo(0.25);

        recall.offer(answered(QueryKind.WORDS, query, 10, 2, 2, List.of()));
        recall.measureNext(0);
        assertThat(recall.state().queries().get("words").measured())
                .as("where nothing can be found, nothing is missed")
                .isEqualTo(1);
    }

    @Test
    void takenDownPicturesAreNotMissed() throws Exception {
        float[] query = SmallIndex.randomUnit(new Random(6));
        List<SmallIndex.Found> exact = SmallIndex.best(files.items(), query, 11);
        index.takeDown(new long[] {exact.get(0).id()}, Optional.empty());
        LiveRecall recall = recall(1, 1, LONG, 10);
        List<Found> hits = exact.subList(1, 11).stream()
                .map(hit -> new Found(0, hit.id(), (float) hit.score()))
                .toList();

        index.with(current -> {
            recall.offer(new Answered(
                    "", current, QueryKind.WORDS, query, 10, Double.NEGATIVE_INFINITY, 2, Optional.empty(), hits));
            return null;
        });
        recall.measureNext(0);

        assertThat(recall.state().queries().get("words").recall()).isEqualTo(1);
        assertThat(recall.state().queries().get("words").expected()).isEmpty();
    }

    @Test
    void whatScannedEveryListIsExactWithoutBeingAskedAgain() throws Exception {
        LiveRecall recall = recall(1, 1, LONG, 10);
        recall.offer(answered(QueryKind.WORDS, new float[SmallIndex.DIMENSION], 10, 0, SmallIndex.NLIST, List.of()));
        recall.measureNext(0);
        assertThat(recall.state().queries().get("words").recall()).isEqualTo(1);
        assertThat(recall.state().workSeconds()).isZero();
    }

    @Test
    void onlyTheShareIsMeasured() {
        int[] draws = {0};
        LiveRecall recall = new LiveRecall(
                new LiveRecallSettings(0.25, 1, LONG, 10),
                () -> draws[0]++ % 100 / 100.0,
                () -> 0,
                rests::add,
                stopping);
        for (int i = 0; i < 1000; i++) {
            recall.offer(answered(QueryKind.WORDS, new float[0], 10, 0, SmallIndex.NLIST, List.of()));
        }
        assertThat(recall.state().queries().get("words").measured()).isEqualTo(250);
        assertThat(recall.state().share()).isEqualTo(0.25);
    }

    @Test
    void queriesBeyondTheQueueAreDropped() {
        LiveRecall recall = recall(1, 1, LONG, 2);
        for (int i = 0; i < 5; i++) {
            recall.offer(answered(QueryKind.WORDS, new float[SmallIndex.DIMENSION], 10, 0, 1, List.of()));
        }
        assertThat(dropped(recall)).containsEntry("queue_full", 3L);
    }

    @Test
    void itRestsBetweenPiecesAsItsBudgetSays() throws Exception {
        LiveRecall recall = recall(1, 0.05, LONG, 10);
        for (int i = 0; i < 2; i++) {
            recall.offer(answered(QueryKind.WORDS, SmallIndex.randomUnit(new Random(i)), 10, -1, 1, List.of()));
        }
        recall.measureNext(0);
        recall.measureNext(0);

        // Every shard is a piece. Of the 19 milliseconds of rest one has passed before it begins; before the first
        // piece and
        // after the last one there is none.
        assertThat(rests).hasSize(2 * SHARDS).startsWith(0L);
        assertThat(rests.subList(1, 2 * SHARDS))
                .allSatisfy(rest -> assertThat(rest).isEqualTo(18 * PIECE_NANOS));
        assertThat(recall.state().workSeconds()).isCloseTo(2 * SHARDS * PIECE_NANOS / 1e9, within(1e-9));
    }

    @Test
    void whatWouldTakeTooLongIsGivenUpAfterOnePiece() throws Exception {
        LiveRecall recall = recall(1, 1, Duration.ofNanos(SHARDS * PIECE_NANOS - 1), 10);
        recall.offer(answered(QueryKind.WORDS, SmallIndex.randomUnit(new Random(7)), 10, -1, 1, List.of()));
        recall.measureNext(0);

        assertThat(dropped(recall)).containsEntry("too_long", 1L);
        assertThat(recall.state().queries()).isEmpty();
        assertThat(recall.state().workSeconds()).isCloseTo(PIECE_NANOS / 1e9, within(1e-9));
    }

    @Test
    void whatWaitsOrIsUnderWayWhenTheIndexChangesIsDropped() throws Exception {
        AtomicInteger times = new AtomicInteger();
        LiveRecall recall = new LiveRecall(
                new LiveRecallSettings(1, 1, LONG, 10),
                () -> 0,
                this::clock,
                nanos -> {
                    if (times.incrementAndGet() == 2) {
                        index.takeDown(new long[] {1000}, Optional.empty());
                    }
                },
                stopping);
        recall.offer(answered(QueryKind.WORDS, SmallIndex.randomUnit(new Random(8)), 10, -1, 1, List.of()));
        recall.offer(answered(QueryKind.WORDS, SmallIndex.randomUnit(new Random(9)), 10, -1, 1, List.of()));
        // Not before the first rest, which comes before the first piece, but in that after it.
        recall.measureNext(0);
        assertThat(dropped(recall)).containsEntry("index_changed", 1L);

        generation.release();
        try {
            recall.measureNext(0);
            assertThat(dropped(recall)).as("it is closed").containsEntry("index_changed", 2L);
        } finally {
            // For the check at the end of every test.
            generation = index.with(current -> {
                assertThat(current.retain()).isTrue();
                return current;
            });
        }
        assertThat(recall.state().queries()).isEmpty();
    }

    @Test
    void aScanThatFailsIsDroppedAndTheNextOneIsMeasured() throws Exception {
        LiveRecall recall = recall(1, 1, LONG, 10);
        recall.offer(answered(QueryKind.WORDS, new float[1], 10, -1, 1, List.of()));
        recall.offer(answered(QueryKind.WORDS, SmallIndex.randomUnit(new Random(9)), 10, -1, 1, List.of()));
        recall.measureNext(0);
        recall.measureNext(0);
        assertThat(dropped(recall)).containsEntry("failed", 1L);
        assertThat(recall.state().queries().get("words").recall()).isZero();
    }

    @Test
    void aShardThatDoesNotAnswerIsNoFailure() throws Exception {
        ((LocalGeneration) generation).openShards().get(0).vectors().close();
        LiveRecall recall = recall(1, 1, LONG, 10);
        recall.offer(answered(QueryKind.WORDS, SmallIndex.randomUnit(new Random(9)), 10, -1, 1, List.of()));
        recall.measureNext(0);
        assertThat(dropped(recall)).containsEntry("shard_missing", 1L).containsEntry("failed", 0L);
        assertThat(recall.state().queries()).isEmpty();
    }

    @Test
    void aStopEndsTheScanUnderWay() throws Exception {
        LiveRecall recall = new LiveRecall(
                new LiveRecallSettings(1, 1, LONG, 10), () -> 0, this::clock, nanos -> stopping.countDown(), stopping);
        recall.offer(answered(QueryKind.WORDS, SmallIndex.randomUnit(new Random(8)), 10, -1, 1, List.of()));
        recall.measureNext(0);
        assertThat(recall.state().queries()).isEmpty();
        assertThat(dropped(recall).values()).containsOnly(0L);
    }

    @Test
    void theMeanIsOfAllUntilThereAreManyThenOldOnesFade() {
        DecayedMean mean = new DecayedMean();
        assertThat(mean.mean()).isNaN();
        IntStream.range(0, 100).forEach(i -> mean.add(i % 2));
        assertThat(mean.mean()).isCloseTo(0.5, within(1e-12));
        IntStream.range(0, 100).forEach(i -> mean.add(1));
        assertThat(mean.mean()).isCloseTo(0.75, within(1e-12));
        IntStream.range(0, 200).forEach(i -> mean.add(0));
        assertThat(mean.mean()).isCloseTo(0.75 * Math.pow(1 - 1.0 / 200, 200), within(1e-12));
        assertThat(mean.count()).isEqualTo(400);
    }

    private LiveRecall recall(double share, double budget, Duration longestScan, int queue) {
        return new LiveRecall(
                new LiveRecallSettings(share, budget, longestScan, queue), () -> 0, this::clock, this::rest, stopping);
    }

    private long clock() {
        nowNanos += PIECE_NANOS;
        return nowNanos;
    }

    private void rest(long nanos) {
        rests.add(nanos);
        nowNanos += nanos;
    }

    private Answered answered(QueryKind kind, float[] query, int k, double least, int nprobe, List<Found> hits) {
        return new Answered("", generation, kind, query, k, least, nprobe, Optional.of(0.9), hits);
    }

    private static Map<String, Long> dropped(LiveRecall recall) {
        return recall.state().dropped();
    }
}
