package org.imagesearch.core.index;

import java.util.Optional;
import org.imagesearch.core.ImageSearchException;

/**
 * What scores are compared with, and where hits begin to stand out.
 *
 * @param sample the file with embeddings of random pictures of the index
 * @param count pictures in it
 * @param words the cutoff for words; absent where no captions were there to measure it
 * @param pictures the cutoff for pictures; absent where there were too few
 */
public record CalibrationEntry(FileEntry sample, int count, Optional<Cutoff> words, Optional<Cutoff> pictures) {
    /**
     * Where true matches and random pictures are told apart best.
     *
     * @param standing standard deviations above the mean of the query's scores with random pictures
     * @param kept share of true matches that stand higher, 0 to 1
     * @param falseShare share of random pictures that stand higher, 0 to 1
     * @param queries held-out queries it was measured with
     * @param by {@code captions} where matches were known by their captions, {@code nearest} where the nearest picture was taken
     *     for the match
     */
    public record Cutoff(double standing, double kept, double falseShare, int queries, String by) {
        /** @throws ImageSearchException (data) if the standing is no number */
        public Cutoff {
            if (!Double.isFinite(standing)) {
                throw ImageSearchException.data("index.json has a cutoff at %s", standing);
            }
        }
    }

    /** @throws ImageSearchException (data) if there is no sample */
    public CalibrationEntry {
        if (sample == null || count < 1) {
            throw ImageSearchException.data("index.json has a calibration with %s and %d pictures", sample, count);
        }
    }
}
