package org.imagesearch.benchmarks;

import java.nio.file.Path;

/**
 * What every case of the scan benchmark works with.
 *
 * @param file the index, with the ids 0 to count - 1
 * @param queries float[queries * dimension], pictures that are not in the index
 * @param k hits wanted
 * @param repeats rounds of each side, of which the median counts
 */
record ScanSetup(
        WorkFolder folder,
        Report report,
        Path file,
        ClipLikeVectors vectors,
        int count,
        int nlist,
        float[] queries,
        int k,
        int repeats) {
    int dimension() {
        return vectors.dimension();
    }

    int queryCount() {
        return queries.length / dimension();
    }

    Hits newHits() {
        return new Hits(new long[queryCount() * k], new float[queryCount() * k]);
    }

    void figure(String variant, String unit, double ours, String other, double theirs) {
        report.figure(Figure.of("scan", variant, unit, ours, other, theirs));
    }
}
