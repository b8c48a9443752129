package org.imagesearch.merge;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.imagesearch.core.index.Drift;

/**
 * Whether centroids still suit an index after pictures were added that they were not trained on.
 *
 * <p>Two things go wrong. Pictures that are unlike the old ones lie far from every centroid: their neighbours are spread over
 * many lists, and a recall takes more probes. And they crowd into few lists: every probe of those compares more. The first
 * shows in the fit even where few are added, the second in the imbalance even where they fit well.
 */
final class DriftAdvice {
    /**
     * Growth of the misfit, 1 - fit, from which on retraining is advised. Measured with CLIP-like vectors (docs/adr/0014): for
     * queries like the added pictures, recall@10 of 0.95 took 1.08 times what it takes with new centroids at a growth of 1.22,
     * 1.30 times at 1.35, 3.2 times at 8.3.
     */
    static final double MISFIT_GROWTH = 1.3;

    /** The same of the imbalance: 1.12 times at a growth of 1.31, 1.25 times at 2.4, 5 times at 23. */
    static final double IMBALANCE_GROWTH = 1.5;

    /** Fits are rounded to float; a perfect one leaves nothing to divide by. */
    private static final double LEAST_MISFIT = 1e-3;

    private DriftAdvice() {}

    /**
     * @param earlier drift of the generation that was added to: it knows the fit of the pictures trained on
     * @param before the pictures that the index had
     * @param added those that were added
     */
    static Drift of(Optional<Drift> earlier, CentroidFit before, CentroidFit added) {
        double trainedFit = earlier.map(Drift::trainedFit).orElseGet(before::mean);
        double trainedImbalance = earlier.map(Drift::trainedImbalance).orElseGet(before::imbalance);
        CentroidFit all = new CentroidFit(before.listSizes().length);
        all.merge(before);
        all.merge(added);
        double imbalance = all.imbalance();
        boolean retrain = misfits(trainedFit, added.mean()) || crowds(trainedImbalance, imbalance);
        return new Drift(trainedFit, added.pictures(), added.mean(), trainedImbalance, imbalance, retrain);
    }

    private static boolean misfits(double trainedFit, double addedFit) {
        return misfit(addedFit) > MISFIT_GROWTH * misfit(trainedFit);
    }

    private static boolean crowds(double trainedImbalance, double imbalance) {
        return imbalance > IMBALANCE_GROWTH * trainedImbalance;
    }

    private static double misfit(double fit) {
        return Math.max(LEAST_MISFIT, 1 - fit);
    }

    /** One line for people. */
    static String text(Drift drift) {
        double growth = misfit(drift.addedFit()) / misfit(drift.trainedFit());
        String numbers = String.format(
                Locale.ROOT,
                "mean inner product with the nearest centroid %.4f, of the pictures trained on %.4f (misfit x%.2f); imbalance"
                        + " of the lists %.2f, after training %.2f",
                drift.addedFit(),
                drift.trainedFit(),
                growth,
                drift.imbalance(),
                drift.trainedImbalance());
        if (!drift.retrain()) {
            return "new pictures fit the centroids: " + numbers;
        }
        List<String> what = new ArrayList<>();
        if (misfits(drift.trainedFit(), drift.addedFit())) {
            what.add("fit the centroids less well");
        }
        if (crowds(drift.trainedImbalance(), drift.imbalance())) {
            what.add("crowd into few lists");
        }
        return "new pictures " + String.join(" and ", what) + ": " + numbers + "; retrain with bin/merge without --add";
    }
}
