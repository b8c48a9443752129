package org.imagesearch.benchmarks;

import com.google.errorprone.annotations.FormatMethod;
import java.io.PrintWriter;
import java.util.Locale;

/** Where results go: figures to standard output, one JSON line each and nothing else; what is being done to standard error. */
final class Report {
    private final PrintWriter figures;
    private final PrintWriter notes;

    Report(PrintWriter figures, PrintWriter notes) {
        this.figures = figures;
        this.notes = notes;
    }

    void figure(Figure figure) {
        figures.println(figure.toJson());
        figures.flush();
    }

    /** A line for the person who waits. */
    @FormatMethod
    void note(String format, Object... arguments) {
        notes.println(String.format(Locale.ROOT, format, arguments));
        notes.flush();
    }
}
