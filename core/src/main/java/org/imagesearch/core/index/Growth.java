package org.imagesearch.core.index;

import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;

/**
 * What indexes of several sizes cost and how well they found, measured: {@code bin/bench growth --output FILE} writes it, and
 * {@code bin/merge plan} fits a model to it.
 *
 * @param machine where it was measured, for people
 * @param cores cores that were at work while an index was built
 * @param dimension floats per vector
 * @param points the indexes, at least two, of different sizes
 */
public record Growth(String machine, int cores, int dimension, List<Point> points) {
    private static final int LEAST_POINTS = 2;

    /**
     * One index.
     *
     * @param pictures vectors in it
     * @param nlist inverted lists
     * @param trainingVectors vectors that its centroids were trained on
     * @param iterations rounds of k-means
     * @param readSeconds reading and checking every embedding once
     * @param trainSeconds k-means
     * @param writeSeconds assigning every vector to its centroid, writing shards and rows
     * @param measureSeconds inspecting the shards and measuring recall
     * @param rowBytes bytes of the rows behind the ids
     * @param recall the measured curve
     * @param nprobe lists probed by the timed queries
     * @param querySeconds of one query on one core, shards in memory, encoding left out
     */
    public record Point(
            long pictures,
            int nlist,
            long trainingVectors,
            int iterations,
            double readSeconds,
            double trainSeconds,
            double writeSeconds,
            double measureSeconds,
            long rowBytes,
            List<RecallPoint> recall,
            int nprobe,
            double querySeconds) {
        /** @throws ImageSearchException (data) if it cannot have been measured so */
        public Point {
            if (pictures <= 0
                    || nlist <= 0
                    || trainingVectors <= 0
                    || iterations <= 0
                    || rowBytes < 0
                    || recall == null
                    || recall.isEmpty()
                    || !(readSeconds > 0 && trainSeconds > 0 && writeSeconds > 0 && measureSeconds > 0)
                    || !(querySeconds > 0)) {
                throw ImageSearchException.data(
                        "a measured point of %d pictures in %d lists lacks a positive number or its recall",
                        pictures, nlist);
            }
            recall = List.copyOf(recall);
        }

        /** Mean vectors that one of the timed queries was compared with. */
        public double scannedVectors() {
            return recall.stream()
                            .filter(point -> point.nprobe() == nprobe)
                            .mapToDouble(RecallPoint::scannedShare)
                            .findFirst()
                            .orElseThrow(() -> ImageSearchException.data(
                                    "the recall of %d pictures was not measured at nprobe %d", pictures, nprobe))
                    * pictures;
        }

        /**
         * The share of all vectors that must be compared for a recall@10, of pictures and of words: between the points of the
         * curve by a straight line.
         */
        public double shareFor(double target) {
            RecallPoint before = null;
            for (RecallPoint point : recall) {
                if (point.dependable() >= target) {
                    if (before == null || point.dependable() == before.dependable()) {
                        return point.scannedShare();
                    }
                    double way = (target - before.dependable()) / (point.dependable() - before.dependable());
                    return before.scannedShare() + way * (point.scannedShare() - before.scannedShare());
                }
                before = point;
            }
            return 1;
        }
    }

    /** @throws ImageSearchException (data) if there are too few points or their setting is impossible */
    public Growth {
        if (cores <= 0 || dimension <= 0 || machine == null) {
            throw ImageSearchException.data(
                    "measured growth has %d cores, %d dimensions, machine %s", cores, dimension, machine);
        }
        if (points == null || points.size() < LEAST_POINTS) {
            throw ImageSearchException.data("measured growth has fewer than %d points", LEAST_POINTS);
        }
        points = List.copyOf(points);
    }

    public byte[] toJson() {
        return Json.write(this);
    }

    /**
     * @param name where the bytes come from, for messages
     * @throws ImageSearchException (data) if they are not measured growth
     */
    public static Growth fromJson(byte[] bytes, String name) {
        return Json.read(bytes, Growth.class, name);
    }
}
