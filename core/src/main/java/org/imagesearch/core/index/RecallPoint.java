package org.imagesearch.core.index;

import java.util.Optional;

/**
 * One point of the measured recall curve.
 *
 * @param nprobe inverted lists probed per query
 * @param scannedShare mean share of all vectors that were compared, 0 to 1
 * @param pictures recall@10 of held-out pictures as queries, 0 to 1
 * @param words recall@10 of captions as queries; absent where the dataset has no captions
 */
public record RecallPoint(int nprobe, double scannedShare, double pictures, Optional<Double> words) {
    /** The lower of both recalls: what a user who may ask in words or pictures can rely on. */
    public double dependable() {
        return Math.min(pictures, words.orElse(1.0));
    }
}
