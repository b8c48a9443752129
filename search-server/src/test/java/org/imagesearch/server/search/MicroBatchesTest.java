package org.imagesearch.server.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.imagesearch.server.search.MicroBatches.Embedding;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MicroBatchesTest {
    private static final int MAX_BATCH = 3;
    private static final int MAX_WAITING = 5;
    private static final Deadline FAR = Deadline.in(Duration.ofMinutes(5));

    /** What each run of the model was given, in order. */
    private final List<List<String>> runs = Collections.synchronizedList(new ArrayList<>());

    private final Semaphore begun = new Semaphore(0);
    private final Semaphore allowed = new Semaphore(0);
    private final MicroBatches<String> batches =
            new MicroBatches<>("texts", MAX_BATCH, MAX_WAITING, 2, new EncodingMetrics().of("text"), this::encode);

    /** Length and first letter; waits until the test lets it. */
    private float[] encode(List<String> texts) {
        runs.add(texts);
        begun.release();
        allowed.acquireUninterruptibly();
        if (texts.contains("bad")) {
            throw new IllegalArgumentException("no model likes this");
        }
        float[] embeddings = new float[2 * texts.size()];
        for (int i = 0; i < texts.size(); i++) {
            embeddings[2 * i] = texts.get(i).length();
            embeddings[2 * i + 1] = texts.get(i).charAt(0);
        }
        return embeddings;
    }

    @AfterEach
    void close() {
        allowed.release(1000);
        batches.close();
    }

    @Test
    void aLoneInputIsEncodedAtOnce() {
        allowed.release();

        assertThat(batches.submit("word", FAR).await()).containsExactly(4, 'w');
        assertThat(runs).containsExactly(List.of("word"));
    }

    @Test
    void whatArrivesDuringARunFormsTheNextOnes() {
        Embedding first = occupied();
        List<Embedding> others = submitted("bb", "ccc", "dddd", "eeeee");
        allowed.release(1000);

        assertThat(first.await()).containsExactly(1, 'a');
        assertThat(others)
                .extracting(Embedding::await)
                .containsExactly(
                        new float[] {2, 'b'}, new float[] {3, 'c'}, new float[] {4, 'd'}, new float[] {5, 'e'});
        assertThat(runs).containsExactly(List.of("a"), List.of("bb", "ccc", "dddd"), List.of("eeeee"));
    }

    @Test
    void equalInputsAreEncodedOnce() {
        Embedding first = occupied();
        List<Embedding> others = submitted("same", "same", "a", "same");
        allowed.release(1000);

        assertThat(others.get(0).await()).containsExactly(4, 's');
        assertThat(others.get(1).await()).isSameAs(others.get(0).await());
        assertThat(others.get(2).await()).isSameAs(first.await());
        assertThat(runs).containsExactly(List.of("a"), List.of("same"));
    }

    @Test
    void aBadInputFailsAlone() {
        occupied();
        List<Embedding> others = submitted("good", "bad", "fine");
        allowed.release(1000);

        assertThat(others.get(0).await()).containsExactly(4, 'g');
        assertThat(others.get(2).await()).containsExactly(4, 'f');
        assertThatThrownBy(others.get(1)::await).hasMessage("no model likes this");
        assertThat(runs)
                .containsExactly(
                        List.of("a"), List.of("good", "bad", "fine"), List.of("good"), List.of("bad"), List.of("fine"));
        assertThat(batches.submit("next", FAR).await()).containsExactly(4, 'n');
    }

    @Test
    void whatNobodyWaitsForAnyMoreIsNotEncoded() {
        AtomicLong now = new AtomicLong();
        Deadline soon = Deadline.in(Duration.ofMinutes(1), now::get);
        Deadline later = Deadline.in(Duration.ofMinutes(3), now::get);
        occupied();
        Embedding late = batches.submit("late", soon);
        Embedding inTime = batches.submit("in time", later);
        Embedding hurried = batches.submit("shared", soon);
        Embedding patient = batches.submit("shared", later);
        now.set(Duration.ofMinutes(2).toNanos());
        allowed.release(1000);

        assertThat(inTime.await()).containsExactly(7, 'i');
        assertThat(patient.await()).containsExactly(6, 's');
        assertThat(hurried.await()).isSameAs(patient.await());
        assertRefused(late, Problem.DEADLINE_EXCEEDED);
        assertThat(runs).containsExactly(List.of("a"), List.of("in time", "shared"));
    }

    @Test
    void whoWaitsGivesUpAtItsDeadlineWhateverTheRunDoes() {
        occupied();

        assertRefused(batches.submit("b", Deadline.in(Duration.ofMillis(1))), Problem.DEADLINE_EXCEEDED);
        assertThat(runs).containsExactly(List.of("a"));
    }

    @Test
    void oneTooManyIsRefusedUnlessSomeAreLate() {
        AtomicLong now = new AtomicLong();
        Deadline soon = Deadline.in(Duration.ofMinutes(1), now::get);
        occupied();
        submitted("b", "c", "d", "e");
        Embedding late = batches.submit("late", soon);
        assertThat(batches.waiting()).isEqualTo(MAX_WAITING);

        assertThatThrownBy(() -> batches.submit("f", FAR))
                .isInstanceOfSatisfying(
                        RequestException.class, e -> assertThat(e.problem()).isEqualTo(Problem.UNAVAILABLE))
                .hasMessage("5 texts wait for the model already");
        Embedding shared = batches.submit("b", FAR);
        now.set(Duration.ofMinutes(2).toNanos());
        Embedding instead = batches.submit("f", FAR);
        allowed.release(1000);

        assertThat(shared.await()).containsExactly(1, 'b');
        assertThat(instead.await()).containsExactly(1, 'f');
        assertRefused(late, Problem.DEADLINE_EXCEEDED);
    }

    @Test
    void closingWaitsForTheRunUnderWayAndRefusesTheRest() {
        Embedding first = occupied();
        Embedding waiting = batches.submit("b", FAR);
        CompletableFuture<Void> closed =
                CompletableFuture.runAsync(batches::close, task -> new Thread(task, "close").start());

        assertRefused(waiting, Problem.UNAVAILABLE);
        assertThat(closed).isNotDone();
        allowed.release();
        closed.join();
        assertThat(first.await()).containsExactly(1, 'a');
        assertThatThrownBy(() -> batches.submit("c", FAR)).hasMessage("the server is stopping");
        assertThat(runs).containsExactly(List.of("a"));
    }

    @Test
    void anErrorOfTheMachineReachesWhoWaitsAndEndsNothing() {
        AtomicLong calls = new AtomicLong();
        try (MicroBatches<String> failing =
                new MicroBatches<>("texts", 4, 4, 1, new EncodingMetrics().of("text"), texts -> {
                    if (calls.getAndIncrement() == 0) {
                        throw new OutOfMemoryError("as an example");
                    }
                    return new float[texts.size()];
                })) {
            assertThatThrownBy(failing.submit("a", FAR)::await).hasRootCauseMessage("as an example");
            assertThat(failing.submit("a", FAR).await()).containsExactly(0);
        }
    }

    /** A run of "a" that is under way until it is allowed to end. */
    private Embedding occupied() {
        Embedding first = batches.submit("a", FAR);
        begun.acquireUninterruptibly();
        return first;
    }

    private List<Embedding> submitted(String... texts) {
        return List.of(texts).stream().map(text -> batches.submit(text, FAR)).toList();
    }

    private static void assertRefused(Embedding embedding, Problem problem) {
        assertThatThrownBy(embedding::await).isInstanceOfSatisfying(RequestException.class, e -> assertThat(e.problem())
                .isEqualTo(problem));
    }
}
