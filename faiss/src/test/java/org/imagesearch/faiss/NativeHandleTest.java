package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;

class NativeHandleTest {
    private static final long ADDRESS = 4711;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final AtomicInteger freed = new AtomicInteger();

    @Test
    void closingWaitsForTheCallUnderWayAndOnlyThenFrees() throws Exception {
        NativeHandle handle = handle();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        Thread caller = new Thread(
                () -> handle.read(address -> {
                    inside.countDown();
                    await(leave);
                    assertThat(freed).hasValue(0);
                    return null;
                }),
                "caller");
        Thread closer = new Thread(handle::close, "closer");
        caller.start();
        await(inside);
        closer.start();
        until(() -> closer.getState() == Thread.State.WAITING);
        assertThat(freed).hasValue(0);
        leave.countDown();
        caller.join();
        closer.join();
        assertThat(freed).hasValue(1);
    }

    @Test
    void callsRunBesideEachOtherAndChangesAlone() throws Exception {
        try (NativeHandle handle = handle()) {
            CountDownLatch both = new CountDownLatch(2);
            ExecutorService threads = Executors.newFixedThreadPool(2);
            try {
                List<Future<?>> calls = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    // Neither call ends before the other has begun.
                    calls.add(threads.submit(() -> handle.read(address -> {
                        both.countDown();
                        await(both);
                        return null;
                    })));
                }
                for (Future<?> call : calls) {
                    call.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                }
            } finally {
                threads.shutdownNow();
            }
            AtomicInteger readers = new AtomicInteger();
            Thread reader = new Thread(
                    () -> handle.read(address -> {
                        readers.incrementAndGet();
                        return null;
                    }),
                    "reader");
            handle.write(address -> {
                reader.start();
                until(() -> reader.getState() == Thread.State.WAITING);
                assertThat(readers).hasValue(0);
                return null;
            });
            reader.join();
            assertThat(readers).hasValue(1);
        }
    }

    @Test
    void manyClosersFreeOnceAndCallsAfterwardsAreRefused() throws Exception {
        for (int round = 1; round <= 50; round++) {
            NativeHandle handle = handle();
            ExecutorService threads = Executors.newFixedThreadPool(4);
            for (int i = 0; i < 4; i++) {
                threads.execute(handle::close);
            }
            threads.shutdown();
            assertThat(threads.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            assertThat(freed).hasValue(round);
            assertThatThrownBy(() -> handle.read(address -> address))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("test object is closed");
        }
    }

    @Test
    void aFailedCallGivesItsPermitBack() {
        NativeHandle handle = handle();
        assertThatThrownBy(() -> handle.read(address -> {
                    throw new IllegalArgumentException("broken");
                }))
                .hasMessage("broken");
        assertThat(handle.<Long>read(address -> address)).isEqualTo(ADDRESS);
        handle.close();
        assertThat(freed).hasValue(1);
    }

    @Test
    void anObjectThatNobodyClosesIsFreedOnceItsOwnerIsGone() {
        long before = NativeHandle.live();
        handle().read(address -> address);
        assertThat(NativeHandle.live()).isEqualTo(before + 1);
        until(() -> {
            System.gc();
            return freed.get() == 1;
        });
        until(() -> NativeHandle.live() == before);
    }

    /** Compiled code forgets {@code this} after its last use, so the calls must be compiled for this to mean something. */
    @Test
    void anOwnerDroppedDuringACallIsNotFreedUnderIt() {
        long calls = 0;
        try (NativeHandle warm = handle()) {
            for (int i = 0; i < 30_000; i++) {
                calls += warm.<Long>read(address -> 1L);
            }
        }
        assertThat(calls).isEqualTo(30_000);
        freed.set(0);
        // The handle is reachable from nowhere else, and the call outlives several collections.
        handle().read(address -> {
            for (int i = 0; i < 5; i++) {
                System.gc();
            }
            assertThat(freed).hasValue(0);
            return null;
        });
        until(() -> {
            System.gc();
            return freed.get() == 1;
        });
    }

    private NativeHandle handle() {
        return new NativeHandle("test object", ADDRESS, address -> {
            assertThat(address).isEqualTo(ADDRESS);
            freed.incrementAndGet();
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("still waiting").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}
