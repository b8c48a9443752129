package org.imagesearch.embed;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.spark.SparkContext;
import org.imagesearch.core.ImageSearchException;

/**
 * Ends the Spark jobs that the calling thread runs as soon as something objects to their going on. Closing it ends the watch,
 * not the jobs.
 */
final class JobGuard implements AutoCloseable {
    private static final long LOOK_MILLIS = 500;

    private final SparkContext context;
    private final String group;
    private final Supplier<Optional<ImageSearchException>> objection;
    private final ScheduledExecutorService watch;

    JobGuard(SparkContext context, String group, Supplier<Optional<ImageSearchException>> objection) {
        this.context = context;
        this.group = group;
        this.objection = objection;
        context.setJobGroup(group, group, true);
        this.watch = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "embed-guard");
            thread.setDaemon(true);
            return thread;
        });
        var unused = watch.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void look() {
        if (objection.get().isPresent()) {
            context.cancelJobGroup(group);
        }
    }

    /** What runs jobs. */
    interface Jobs {
        void run() throws IOException;
    }

    /**
     * Runs jobs.
     *
     * @throws ImageSearchException the objection, if there is one at their end, be it that they were ended for it
     */
    void run(Jobs jobs) throws IOException {
        try {
            jobs.run();
        } catch (Exception e) {
            objection.get().ifPresent(objected -> {
                throw objected;
            });
            throw JobGuard.<RuntimeException>unchanged(e);
        }
        objection.get().ifPresent(objected -> {
            throw objected;
        });
    }

    /** Scala declares none of its exceptions; whoever handles them wants them as they are. */
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Exception> E unchanged(Exception e) throws E {
        throw (E) e;
    }

    @Override
    public void close() {
        watch.shutdownNow();
        context.clearJobGroup();
    }
}
