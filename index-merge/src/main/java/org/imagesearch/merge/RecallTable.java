package org.imagesearch.merge;

import java.util.Locale;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;

/** The recall curve as text. */
final class RecallTable {
    private RecallTable() {}

    static String render(IndexManifest manifest) {
        StringBuilder table = new StringBuilder("    nprobe  scanned  pictures     words");
        for (RecallPoint point : manifest.recall()) {
            table.append(String.format(
                    Locale.ROOT,
                    "%n  %8d %7.2f%% %9.4f %9s%s",
                    point.nprobe(),
                    100 * point.scannedShare(),
                    point.pictures(),
                    point.words()
                            .map(words -> String.format(Locale.ROOT, "%.4f", words))
                            .orElse("-"),
                    point.nprobe() == manifest.defaultNprobe() ? "  <- default" : ""));
        }
        return table.toString();
    }
}
