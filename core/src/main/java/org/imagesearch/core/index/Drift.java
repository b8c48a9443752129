package org.imagesearch.core.index;

import org.imagesearch.core.ImageSearchException;

/**
 * How well pictures that were added fit centroids that were trained without them. A fit is the mean inner product of
 * pictures with the centroid of their list; an imbalance is {@code nlist * sum(size^2) / sum(size)^2} over the lists, the
 * factor by which probing a list costs more than if all lists had the same size.
 *
 * @param trainedFit of the pictures that the index had when its centroids were new
 * @param addedPictures pictures of the last addition
 * @param addedFit of the last addition
 * @param trainedImbalance of the index when its centroids were new, 1 at best
 * @param imbalance with all additions
 * @param retrain whether centroids of the whole dataset are advisable
 */
public record Drift(
        double trainedFit,
        long addedPictures,
        double addedFit,
        double trainedImbalance,
        double imbalance,
        boolean retrain) {
    /** @throws ImageSearchException (data) if a number is none */
    public Drift {
        if (!Double.isFinite(trainedFit)
                || !Double.isFinite(addedFit)
                || !Double.isFinite(trainedImbalance)
                || !Double.isFinite(imbalance)
                || addedPictures < 0) {
            throw ImageSearchException.data("index.json has an impossible drift: %s to %s", trainedFit, addedFit);
        }
    }
}
