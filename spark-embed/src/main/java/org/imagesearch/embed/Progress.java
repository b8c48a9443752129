package org.imagesearch.embed;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** Shows how far a run has come: a bar on a terminal, a line every ten seconds elsewhere. */
final class Progress implements AutoCloseable {
    private static final int LINE_SECONDS = 10;

    private final PrintWriter out;
    private final long total;
    private final LongSupplier done;
    private final long begin = System.nanoTime();
    private final ProgressBar bar;
    private final ScheduledExecutorService timer;

    Progress(PrintWriter out, long total, LongSupplier done) {
        this.out = out;
        this.total = total;
        this.done = done;
        boolean terminal = isTerminal();
        this.bar = terminal
                ? new ProgressBarBuilder()
                        .setTaskName("pictures")
                        .setInitialMax(total)
                        .showSpeed()
                        .build()
                : null;
        this.timer = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "embed-progress");
            thread.setDaemon(true);
            return thread;
        });
        int seconds = terminal ? 1 : LINE_SECONDS;
        var unused = timer.scheduleAtFixedRate(this::show, seconds, seconds, TimeUnit.SECONDS);
    }

    @SuppressWarnings("SystemConsoleNull") // Never null from Java 22 on, but Spark 3.5 ends at 17.
    private static boolean isTerminal() {
        return System.console() != null;
    }

    /** Says something between the numbers. */
    void say(String message) {
        out.println(message);
        out.flush();
    }

    private void show() {
        long now = Math.min(total, done.getAsLong());
        if (bar != null) {
            bar.stepTo(now);
            return;
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        say(String.format(Locale.ROOT, "[%6.0f s] %,d of %,d pictures, %.0f/s", seconds, now, total, now / seconds));
    }

    @Override
    public void close() {
        timer.shutdownNow();
        if (bar != null) {
            bar.stepTo(Math.min(total, done.getAsLong()));
            bar.close();
        }
    }
}
