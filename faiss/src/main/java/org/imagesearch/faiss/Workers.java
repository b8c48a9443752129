package org.imagesearch.faiss;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** A few threads that share numbered pieces of work, each thread taking the next piece when it has done one. */
final class Workers implements AutoCloseable {
    private final int threads;
    private final ExecutorService executor;

    /** One piece of work. */
    interface Piece {
        double run(int number);
    }

    Workers(String name, int threads) {
        this.threads = threads;
        AtomicInteger started = new AtomicInteger();
        this.executor = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, name + "-" + started.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Runs pieces 0 to {@code count - 1} and returns their results by number.
     *
     * @throws ImageSearchException as a piece threw it; (resource) if the calling thread is interrupted
     */
    double[] run(int count, Piece piece) {
        double[] results = new double[count];
        AtomicInteger next = new AtomicInteger();
        List<Future<?>> running = new ArrayList<>();
        for (int thread = 0; thread < Math.min(threads, count); thread++) {
            running.add(executor.submit(() -> {
                for (int number = next.getAndIncrement(); number < count; number = next.getAndIncrement()) {
                    results[number] = piece.run(number);
                }
            }));
        }
        try {
            for (Future<?> thread : running) {
                thread.get();
            }
        } catch (ExecutionException e) {
            next.set(count);
            if (e.getCause() instanceof ImageSearchException ours) {
                throw ours;
            }
            throw new ImageSearchException(ErrorCode.INTERNAL, "training failed: " + e.getCause(), e);
        } catch (InterruptedException e) {
            next.set(count);
            Thread.currentThread().interrupt();
            throw new ImageSearchException(ErrorCode.RESOURCE, "training was interrupted", e);
        }
        return results;
    }

    /** Ends the threads; one that is at a piece still, after another has failed, ends after it. */
    @Override
    public void close() {
        executor.shutdownNow();
    }
}
