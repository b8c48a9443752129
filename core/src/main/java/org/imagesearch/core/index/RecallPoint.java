package org.imagesearch.core.index;

import java.util.Optional;

/**
 * One point of the measured recall curve.
 *
 * @param nprobe inverted lists probed per query
 * @param scannedShare mean share of all vectors that were compared, 0 to 1
 * @param pictures recall@10 of held-out pictures as queries, 0 to 1
 * @param words recall@10 of captions as queries; absent where the dataset has no captions
 * @param picturesError standard error of {@code pictures}: two of them to both sides hold the true value in 19 of 20 cases;
 *     absent in manifests that were written before it was computed
 * @param wordsError the same of {@code words}
 */
public record RecallPoint(
        int nprobe,
        double scannedShare,
        double pictures,
        Optional<Double> words,
        Optional<Double> picturesError,
        Optional<Double> wordsError) {
    /** A point without standard errors. */
    public RecallPoint(int nprobe, double scannedShare, double pictures, Optional<Double> words) {
        this(nprobe, scannedShare, pictures, words, Optional.empty(), Optional.empty());
    }

    /** The point between this one and a later one; recalls that one of them lacks and standard errors are absent in it. */
    RecallPoint towards(RecallPoint later, int nprobe) {
        double way = (double) (nprobe - this.nprobe) / (later.nprobe - this.nprobe);
        return new RecallPoint(
                nprobe,
                scannedShare + way * (later.scannedShare - scannedShare),
                pictures + way * (later.pictures - pictures),
                words.flatMap(here -> later.words.map(there -> here + way * (there - here))));
    }

    /** The lower of both recalls: what a user who may ask in words or pictures can rely on. */
    public double dependable() {
        return Math.min(pictures, words.orElse(1.0));
    }
}
