package org.imagesearch.merge;

import java.util.Locale;
import java.util.Optional;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.index.RecallPoint;

/** The recall curve as text. */
final class RecallTable {
    /**
     * A default that compares more than this share of all vectors is told apart: four times the work of an index is all
     * that is left between it and comparing every vector.
     */
    static final double COSTLY_SHARE = 0.25;

    private RecallTable() {}

    /** A line per measured nprobe; behind every recall its standard error. */
    static String render(IndexManifest manifest) {
        StringBuilder table = new StringBuilder("    nprobe  scanned        pictures           words");
        for (RecallPoint point : manifest.recall()) {
            table.append(String.format(
                    Locale.ROOT,
                    "%n  %8d %7.2f%% %15s %15s%s",
                    point.nprobe(),
                    100 * point.scannedShare(),
                    recall(Optional.of(point.pictures()), point.picturesError()),
                    recall(point.words(), point.wordsError()),
                    point.nprobe() == manifest.defaultNprobe() ? "  <- default" : ""));
        }
        return table.toString();
    }

    private static String recall(Optional<Double> recall, Optional<Double> error) {
        return recall.map(value -> String.format(Locale.ROOT, "%.4f", value)
                        + error.map(e -> String.format(Locale.ROOT, " +-%.4f", e))
                                .orElse(""))
                .orElse("-");
    }

    /** What is to be said where the target recall is dear or out of reach. */
    static Optional<String> warning(IndexManifest manifest) {
        RecallPoint point = manifest.recall().stream()
                .filter(each -> each.nprobe() == manifest.defaultNprobe())
                .findFirst()
                .orElseThrow();
        if (point.dependable() < manifest.targetRecall() - 1e-9) {
            return Optional.of(String.format(
                    Locale.ROOT,
                    "no nprobe reaches the target recall %s: all lists give %.4f",
                    manifest.targetRecall(),
                    point.dependable()));
        }
        if (point.scannedShare() > COSTLY_SHARE) {
            return Optional.of(String.format(
                    Locale.ROOT,
                    "the target recall %s needs nprobe %d of %d, which compares %.0f%% of all vectors; up to %.0f%%, %.4f is"
                            + " reached: ask for less, or for more lists (--nlist)",
                    manifest.targetRecall(),
                    point.nprobe(),
                    manifest.nlist(),
                    100 * point.scannedShare(),
                    100 * COSTLY_SHARE,
                    manifest.recall().stream()
                            .filter(each -> each.scannedShare() <= COSTLY_SHARE)
                            .mapToDouble(RecallPoint::dependable)
                            .max()
                            .orElse(0)));
        }
        return Optional.empty();
    }
}
