package org.imagesearch.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AdmissionTest {
    private final Workers workers = new Workers(1, Duration.ofSeconds(1), System::nanoTime);

    @AfterEach
    void stopWorkers() {
        workers.close();
    }

    @Test
    void thereAreAsManyPlacesAsSaid() {
        Admission admission = new Admission(2, 1000, workers);
        Admission.Place first = admission.enter(0).orElseThrow();
        assertThat(admission.enter(0)).isPresent();

        assertThat(admission.enter(0)).isEmpty();
        assertThat(admission.admitted()).isEqualTo(2);
        first.leave();
        assertThat(admission.admitted()).isEqualTo(1);
        assertThat(admission.enter(0)).isPresent();
    }

    @Test
    void bodiesTogetherTakeNoMoreThanSaid() {
        Admission admission = new Admission(100, 1000, workers);
        Admission.Place large = admission.enter(900).orElseThrow();

        assertThat(admission.enter(101)).isEmpty();
        assertThat(admission.enter(100)).isPresent();
        assertThat(admission.enter(1)).isEmpty();
        assertThat(admission.enter(0)).isPresent();
        large.leave();
        assertThat(admission.enter(900)).isPresent();
    }

    @Test
    void leavingTwiceFreesOnePlaceOnly() {
        Admission admission = new Admission(2, 1000, workers);
        Admission.Place place = admission.enter(500).orElseThrow();
        assertThat(admission.enter(500)).isPresent();
        place.leave();
        place.leave();

        assertThat(admission.admitted()).isEqualTo(1);
        assertThat(admission.enter(501)).isEmpty();
    }

    @Test
    void placesAreCountedRightUnderContention() {
        Admission admission = new Admission(3, 100, workers);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        List<CompletableFuture<Void>> visitors = Stream.generate(() -> CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        Optional<Admission.Place> place = admission.enter(10);
                        if (place.isPresent()) {
                            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                            inside.decrementAndGet();
                            place.get().leave();
                        }
                    }
                }))
                .limit(4)
                .toList();
        visitors.forEach(CompletableFuture::join);

        assertThat(most.get()).isBetween(1, 3);
        assertThat(admission.admitted()).isZero();
    }
}
