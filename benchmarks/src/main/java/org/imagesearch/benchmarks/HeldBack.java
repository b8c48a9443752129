package org.imagesearch.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.imagesearch.benchmarks.ServeState.Quantity;
import org.imagesearch.core.ImageSearchException;

/** Whether a server holds more than it did. */
final class HeldBack {
    /** Noise: code that was compiled meanwhile, arenas of the allocator, buffers of threads that had nothing to do before. */
    private static final double MOST_RATIO = 1.15;

    private static final double MOST_MEBIBYTES = 32;
    private static final double MOST_OTHERS = 12;

    private HeldBack() {}

    /**
     * Reports every quantity, after against before.
     *
     * @throws ImageSearchException (data) naming what has grown by more than noise
     */
    static void report(String bench, String variant, ServeState before, ServeState after, Report report) {
        List<String> grown = new ArrayList<>();
        for (int i = 0; i < before.quantities().size(); i++) {
            Quantity was = before.quantities().get(i);
            Quantity is = after.quantities().get(i);
            double slack = was.unit().equals("MiB") ? MOST_MEBIBYTES : MOST_OTHERS;
            if (is.value() > was.value() * MOST_RATIO + slack) {
                grown.add(String.format(
                        Locale.ROOT, "%s from %.1f to %.1f %s", was.name(), was.value(), is.value(), was.unit()));
            }
            report.figure(Figure.of(bench, variant + ", " + was.name(), was.unit(), is.value(), "before", was.value()));
        }
        if (!grown.isEmpty()) {
            throw ImageSearchException.data("after %s the server holds more: %s", variant, String.join(", ", grown));
        }
    }
}
