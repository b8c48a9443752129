package org.imagesearch.server.index;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The generation that is published, followed: when {@code CURRENT} names another one, that is verified and opened beside
 * the old one and takes its place between two queries; queries under way end on the old one, which then closes.
 *
 * <p>A new generation that cannot be opened is logged and left alone until {@code CURRENT} changes again. Thread-safe.
 */
public final class ServedIndex implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServedIndex.class);

    private final IndexDirectory index;
    private final Fingerprint model;
    private final String modelName;
    private final IndexSettings settings;
    private final ScheduledExecutorService follower = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "index-follower");
        thread.setDaemon(true);
        return thread;
    });

    private ScheduledFuture<?> following;
    private Generation current;
    private String refused = "";
    private boolean closed;

    /**
     * @param root the index
     * @param model the model that queries are encoded with
     * @param modelName where that model is, for messages
     */
    public ServedIndex(Path root, Fingerprint model, String modelName, IndexSettings settings) {
        this.index = new IndexDirectory(root);
        this.model = model;
        this.modelName = modelName;
        this.settings = settings;
    }

    /**
     * Opens the published generation and begins to follow.
     *
     * @throws ImageSearchException as {@link Generation#open} and {@link IndexDirectory#currentGeneration} do
     */
    public void open() {
        swap(open(index.currentGeneration()));
        long pollMillis = settings.poll().toMillis();
        following = follower.scheduleWithFixedDelay(this::follow, pollMillis, pollMillis, TimeUnit.MILLISECONDS);
    }

    /**
     * Works with the current generation, which stays open until the work ends.
     *
     * @throws RequestException (unavailable) before {@link #open} has ended and after {@link #close}
     */
    public <T> T with(Function<Generation, T> work) {
        Generation generation = retained()
                .orElseThrow(() -> RequestException.of(Problem.UNAVAILABLE, "the index is not open yet, or no more"));
        try {
            return work.apply(generation);
        } finally {
            generation.release();
        }
    }

    /** Whether queries can be answered. */
    public synchronized boolean isOpen() {
        return current != null;
    }

    /** Looks at {@code CURRENT} once. */
    void follow() {
        try {
            String published = index.currentGeneration();
            String served = with(generation -> generation.manifest().generation());
            if (published.equals(served)) {
                // CURRENT went back to what is served: what was refused then is tried anew when it comes again.
                refused = "";
                return;
            }
            if (published.equals(refused)) {
                return;
            }
            LOG.info("generation published={} served={}", published, served);
            try {
                swap(open(published));
                refused = "";
            } catch (RuntimeException e) {
                refused = published;
                LOG.error("generation refused={} served={} reason=\"{}\"", published, served, e.getMessage());
            }
        } catch (RuntimeException | OutOfMemoryError e) {
            // What escapes from here would end the following for good.
            // CURRENT is replaced by a rename, so this is a file system in trouble: what is served stays.
            LOG.warn("cannot follow index={} reason=\"{}\"", index.root(), e.getMessage());
        }
    }

    private Generation open(String name) {
        long begin = System.nanoTime();
        Generation generation = Generation.open(index, name, model, modelName, settings);
        LOG.info(
                "generation opened={} pictures={} shards={} ms={}",
                name,
                generation.pictures(),
                generation.shards().size(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
        return generation;
    }

    private void swap(Generation next) {
        Generation last;
        synchronized (this) {
            last = closed ? next : current;
            current = closed ? null : next;
        }
        if (last != null) {
            last.release();
        }
    }

    private synchronized Optional<Generation> retained() {
        return current != null && current.retain() ? Optional.of(current) : Optional.empty();
    }

    @Override
    public void close() {
        if (following != null) {
            following.cancel(false);
        }
        follower.shutdown();
        Generation last;
        synchronized (this) {
            closed = true;
            last = current;
            current = null;
        }
        if (last != null) {
            last.release();
        }
    }
}
