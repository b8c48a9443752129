package org.imagesearch.server.index;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.Takedown;
import org.imagesearch.core.index.Takedowns;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The generation that is published, followed: when {@code CURRENT} names another one, that is verified and opened beside
 * the old one and takes its place between two queries; queries under way end on the old one, which then closes.
 *
 * <p>A new generation that cannot be opened is logged and left alone until {@code CURRENT} changes again.
 *
 * <p>The file of {@link Takedowns} is followed in the same way, whoever wrote it: what it takes down is in no answer of a
 * query that begins later. What it gives back is shown again two looks later. If it is damaged, no server starts over it, and one that runs keeps hidden what it hid before.
 * Thread-safe.
 */
public final class ServedIndex implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ServedIndex.class);

    /** Those who waited for the start are answered before anything else is made. */
    private static final long FIRST_ANSWERS_MILLIS = 1000;

    /** A generation that brokers ask for is kept so long behind the last one of their questions. */
    private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final IndexDirectory index;
    private final GenerationSource source;
    private final Duration poll;
    private final LongSupplier nanoClock;
    private final ScheduledExecutorService follower = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "index-follower");
        thread.setDaemon(true);
        return thread;
    });

    /** Held while {@link #down} and what is served are brought in line; never while a generation is opened. */
    private final Object changing = new Object();

    private final TakedownsFile takedowns;
    private volatile long[] down = new long[0];
    private volatile String unreadable = "";

    private ScheduledFuture<?> following;
    private ScheduledFuture<?> makingFaster;
    private Generation current;

    /** What was served before, while brokers still ask for it; null if none do. One at most: memory has to hold two then. */
    private Generation former;

    private final Map<String, Long> askedForNanos = new HashMap<>();
    private String refused = "";
    private boolean closed;

    /**
     * @param root the index
     * @param source opens its generations
     * @param poll time between two looks at {@code CURRENT}
     */
    public ServedIndex(Path root, GenerationSource source, Duration poll) {
        this(root, source, poll, System::nanoTime);
    }

    ServedIndex(Path root, GenerationSource source, Duration poll, LongSupplier nanoClock) {
        this.index = new IndexDirectory(root);
        this.takedowns = new TakedownsFile(root);
        this.source = source;
        this.poll = poll;
        this.nanoClock = nanoClock;
    }

    /** The name of its folder. */
    public String name() {
        Path folder = index.root().toAbsolutePath().normalize().getFileName();
        return folder == null ? "index" : folder.toString();
    }

    /**
     * Opens the published generation and begins to follow.
     *
     * @throws ImageSearchException as {@link GenerationSource#open}, {@link IndexDirectory#currentGeneration} and {@link
     *     Takedowns#read} do
     */
    public void open() {
        down = Takedowns.read(index.root());
        Generation first = open(index.currentGeneration(), source::openFirst);
        boolean canBeFaster = source.canBeFaster(first);
        serve(first);
        if (canBeFaster) {
            makingFaster = follower.schedule(this::makeFaster, FIRST_ANSWERS_MILLIS, TimeUnit.MILLISECONDS);
        }
        long pollMillis = poll.toMillis();
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

    /**
     * Takes a reference to a generation by its name, for a broker that asks for it: the one that is served, or the one before it, which
     * is kept while brokers ask for it. Whoever gets it releases it.
     */
    public synchronized Optional<Generation> retain(String name) {
        for (Generation open : held()) {
            if (open.manifest().generation().equals(name) && open.retain()) {
                askedForNanos.put(name, nanoClock.getAsLong());
                return Optional.of(open);
            }
        }
        return Optional.empty();
    }

    /** Looks at each generation that is open, the one that is served first. */
    public synchronized <T> List<T> each(Function<Generation, T> look) {
        return held().stream().map(look).toList();
    }

    private List<Generation> held() {
        return Stream.of(current, former).filter(Objects::nonNull).toList();
    }

    /** Whether queries can be answered. */
    public synchronized boolean isOpen() {
        return current != null;
    }

    /**
     * Takes pictures down: no query that begins after this has returned finds them, nor does one after a restart.
     *
     * @param reason why, for the file
     * @return the ids that were not down before, and all that are down now
     * @throws ImageSearchException as {@link Takedowns#append} does; then nothing has changed
     */
    public Takedowns.Change takeDown(long[] ids, Optional<String> reason) {
        synchronized (changing) {
            return changed(Takedowns.append(index.root(), ids, Instant.now(), reason));
        }
    }

    /** Gives pictures back, as {@link #takeDown} takes them. */
    public Takedowns.Change restore(long[] ids, Optional<String> reason) {
        synchronized (changing) {
            return changed(Takedowns.restore(index.root(), ids, Instant.now(), reason));
        }
    }

    /** Lines of the file about ids that are down; see {@link Takedowns#entries}. */
    public List<Takedown> takedowns(long[] ids) {
        return Takedowns.entries(index.root(), ids);
    }

    /** All ids that are down, in the index or not, ascending. Not to be changed. */
    public long[] down() {
        return down;
    }

    /** Whether what is taken down could be read the last time; if not, what was hidden before still is. */
    public boolean takedownsAreReadable() {
        return unreadable.isEmpty();
    }

    private Takedowns.Change changed(Takedowns.Change change) {
        hide(change.down());
        return change;
    }

    /** Looks at {@code CURRENT} and at what is taken down once. */
    void follow() {
        followTakedowns();
        followGeneration();
        letFormerGo();
    }

    private void followTakedowns() {
        try {
            synchronized (changing) {
                Optional<TakedownsFile.Reading> reading = takedowns.readIfChanged();
                if (reading.isPresent()) {
                    // What is down is hidden at once; what is down no more is shown again when that is certain.
                    long[] read = reading.get().down();
                    follow(reading.get().settled() ? read : both(read, down));
                }
            }
            unreadable = "";
        } catch (RuntimeException | OutOfMemoryError e) {
            String reason = String.valueOf(e.getMessage());
            if (!reason.equals(unreadable)) {
                LOG.error("takedowns unreadable hidden={} reason=\"{}\"", down.length, reason);
                unreadable = reason;
            }
        }
    }

    private void follow(long[] read) {
        if (!Arrays.equals(read, down)) {
            LOG.info("takedowns read={} before={} index={}", read.length, down.length, index.root());
            hide(read);
        }
    }

    private static long[] both(long[] some, long[] others) {
        return LongStream.concat(LongStream.of(some), LongStream.of(others))
                .sorted()
                .distinct()
                .toArray();
    }

    private void followGeneration() {
        try {
            String published = index.currentGeneration();
            String served = with(generation -> generation.manifest().generation());
            if (published.equals(served)) {
                // CURRENT went back to what is served: what was refused then is tried anew when it comes again.
                refused = "";
                return;
            }
            if (published.equals(refused) || !source.isReady(published)) {
                return;
            }
            LOG.info("generation published={} served={}", published, served);
            try {
                serve(open(published, source::open));
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

    /** Puts the generation served in its own place, now with what the first answers did not wait for. */
    private void makeFaster() {
        try {
            String served = with(ServedIndex::nameOf);
            serve(open(served, source::open));
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.warn("generation stays as it was opened first, reason=\"{}\"", e.getMessage());
        }
    }

    private Generation open(String name, Function<String, Generation> opening) {
        long begin = System.nanoTime();
        Generation generation = opening.apply(name);
        LOG.info(
                "generation opened={} pictures={} shards={} screen-bytes={} ms={}",
                name,
                generation.pictures(),
                generation.shards().size(),
                generation.screenBytes(),
                TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin));
        return generation;
    }

    /** Serves a newly opened generation without what is taken down. */
    private void serve(Generation opened) {
        long[] known = down;
        // Looking many ids up takes a while, in which others may still be taken down.
        Generation almost = replaced(opened, known);
        synchronized (changing) {
            swap(known == down ? almost : replaced(almost, down));
        }
    }

    private static Generation replaced(Generation generation, long[] hidden) {
        try {
            return generation.hiding(hidden);
        } finally {
            generation.release();
        }
    }

    /** Brings what is served in line with what is down; under {@link #changing}. */
    private void hide(long[] ids) {
        Optional<Generation> served = retained();
        if (served.isPresent()) {
            swap(replaced(served.get(), ids));
        }
        hideInFormer(ids);
        down = ids;
    }

    private void hideInFormer(long[] ids) {
        Optional<Generation> before;
        synchronized (this) {
            before = Optional.ofNullable(former).filter(Generation::retain);
        }
        if (before.isEmpty()) {
            return;
        }
        Generation hidden = replaced(before.get(), ids);
        Generation last;
        synchronized (this) {
            // It may have been let go meanwhile, by closing or for good.
            last = former == before.get() ? former : hidden;
            former = former == before.get() ? hidden : former;
        }
        last.retire();
    }

    private void swap(Generation next) {
        Generation last;
        synchronized (this) {
            last = closed ? next : current;
            current = closed ? null : next;
            if (current != null
                    && last != null
                    && isAskedFor(last)
                    && !nameOf(last).equals(nameOf(next))) {
                Generation beforeLast = former;
                former = last;
                last = beforeLast;
            }
        }
        if (last != null) {
            last.retire();
        }
    }

    private void letFormerGo() {
        Generation last = null;
        synchronized (this) {
            if (former != null && !isAskedFor(former)) {
                last = former;
                former = null;
                askedForNanos.keySet().retainAll(Set.of(nameOf(current)));
            }
        }
        if (last != null) {
            LOG.info("generation closed={}", nameOf(last));
            last.retire();
        }
    }

    private boolean isAskedFor(Generation generation) {
        Long last = askedForNanos.get(nameOf(generation));
        return last != null && nanoClock.getAsLong() - last < LINGER_NANOS;
    }

    private static String nameOf(Generation generation) {
        return generation.manifest().generation();
    }

    private synchronized Optional<Generation> retained() {
        return current != null && current.retain() ? Optional.of(current) : Optional.empty();
    }

    @Override
    public void close() {
        if (following != null) {
            following.cancel(false);
        }
        if (makingFaster != null) {
            makingFaster.cancel(false);
        }
        follower.shutdown();
        List<Generation> last;
        synchronized (this) {
            closed = true;
            last = held();
            current = null;
            former = null;
        }
        last.forEach(Generation::retire);
    }
}
