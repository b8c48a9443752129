package org.imagesearch.server.search;

import java.util.Optional;
import org.imagesearch.core.calibration.BackgroundSample;
import org.imagesearch.core.calibration.ScoreDistribution;
import org.imagesearch.core.index.CalibrationEntry.Cutoff;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.query.Standing;
import org.imagesearch.server.index.Generation;
import org.imagesearch.server.query.RequestException;

/**
 * How hits of one query stand among random pictures of the index.
 *
 * @param background the query's scores with these
 * @param asked what the query wants to know
 * @param cutoff where hits of such a query begin to stand out, where that was measured
 */
record Calibration(ScoreDistribution background, Standing asked, Optional<Cutoff> cutoff) {
    /**
     * Compares a query with the index's background, if it wants to know something of that.
     *
     * @throws RequestException (bad request) if the generation was written without a background, or without what the cutoff needs
     */
    static Optional<Calibration> of(Standing asked, QueryKind kind, float[] query, Generation generation) {
        if (!asked.isAsked()) {
            return Optional.empty();
        }
        IndexManifest manifest = generation.manifest();
        BackgroundSample sample = generation
                .background()
                .orElseThrow(() -> RequestException.bad(
                        "%s has no sample of its pictures, so that calibrated, cutoff and minPercentile cannot be answered: a merge"
                                + " with this version writes one",
                        manifest.generation()));
        Optional<Cutoff> cutoff = manifest.calibration().flatMap(kind::cutoff);
        if (asked.autoCutoff() && cutoff.isEmpty()) {
            throw RequestException.bad(
                    "cutoff is auto, but %s could not measure one for %s, for want of captions or pictures: give minPercentile",
                    manifest.generation(), kind.text());
        }
        return Optional.of(new Calibration(sample.distribution(query), asked, cutoff));
    }

    /** The score below which hits are left out. */
    double least() {
        double least = asked.minPercentile().isPresent()
                ? background.scoreAt(asked.minPercentile().getAsDouble())
                : Double.NEGATIVE_INFINITY;
        return asked.autoCutoff() ? Math.max(least, cutoffScore().orElseThrow()) : least;
    }

    private Optional<Double> cutoffScore() {
        return cutoff.map(measured -> background.scoreOf(measured.standing()));
    }

    Answer.Hit told(Answer.Hit hit) {
        return hit.withPercentile(background.percentile(hit.score()));
    }

    Answer.Background told() {
        return new Answer.Background(
                background.count(),
                rounded(background.mean()),
                rounded(background.deviation()),
                cutoffScore().map(Calibration::rounded));
    }

    private static double rounded(double value) {
        return Math.round(value * 1e6) / 1e6;
    }
}
