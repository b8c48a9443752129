package org.imagesearch.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.imagesearch.server.http.Workers.Turn;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkersTest {
    private final AtomicLong millis = new AtomicLong();
    private final Workers workers = new Workers(
            1, Duration.ofMillis(1000), () -> Duration.ofMillis(millis.get()).toNanos());
    private final List<String> done = Collections.synchronizedList(new ArrayList<>());
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore allowed = new Semaphore(0);

    @AfterEach
    void close() {
        allowed.release();
        workers.close();
    }

    @Test
    void requestsAreAnsweredInTurnWhileNobodyWaitsLong() {
        occupy();
        submit("a", 0);
        submit("b", 50);
        submit("c", 90);

        assertThat(doneAt(100)).containsExactly("a", "b", "c");
    }

    @Test
    void theNewestComesFirstOnceTheOldestHasWaitedForATenthOfWhatItMay() {
        occupy();
        submit("a", 0);
        submit("b", 50);
        submit("c", 90);

        assertThat(doneAt(101)).containsExactly("c", "b", "a");
    }

    @Test
    void whoWaitedTooLongIsToldBeforeAnybodyElse() {
        occupy();
        submit("a", 0);
        submit("b", 10);
        submit("c", 500);
        submit("d", 1005);

        assertThat(doneAt(1011)).containsExactly("a too late", "b too late", "d", "c");
    }

    @Test
    void aLoneRequestIsAnsweredHoweverLongTheMachineTook() {
        occupy();
        submit("a", 0);

        assertThat(doneAt(5000)).containsExactly("a");
    }

    @Test
    void whatATaskThrowsEndsNoThread() {
        workers.turn().execute(() -> {
            throw new IllegalStateException("as an example");
        });
        submit("a", 0);

        assertThat(doneAt(0)).containsExactly("a");
    }

    @Test
    void whatWaitsIsAnsweredBeforeItStopsAndNothingAfter() {
        occupy();
        submit("a", 0);

        assertThat(doneAt(0)).containsExactly("a");
        assertThatThrownBy(() -> submit("b", 0)).isInstanceOf(RejectedExecutionException.class);
    }

    private void occupy() {
        workers.turn().execute(() -> {
            begun.release();
            allowed.acquireUninterruptibly();
        });
        begun.acquireUninterruptibly();
    }

    private void submit(String name, long atMillis) {
        millis.set(atMillis);
        Turn turn = workers.turn();
        turn.execute(() -> done.add(turn.waitedTooLong() ? name + " too late" : name));
    }

    private List<String> doneAt(long atMillis) {
        millis.set(atMillis);
        allowed.release();
        workers.close();
        return done;
    }
}
