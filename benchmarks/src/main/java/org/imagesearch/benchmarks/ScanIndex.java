package org.imagesearch.benchmarks;

import java.nio.file.Path;
import java.util.stream.LongStream;
import org.imagesearch.faiss.IvfIndex;
import org.imagesearch.faiss.KMeans;
import org.imagesearch.faiss.KMeansOptions;

/** The index that is searched. */
final class ScanIndex {
    private static final int BATCH = 8192;
    private static final int TRAINING_VECTORS_PER_CENTROID = 64;
    private static final int TRAINING_ITERATIONS = 10;

    private ScanIndex() {}

    static int trainingVectors(int count, int nlist) {
        return (int) Math.min(count, (long) nlist * TRAINING_VECTORS_PER_CENTROID);
    }

    static void build(ClipLikeVectors vectors, int count, int nlist, int seed, Path file, Report report) {
        long begin = System.nanoTime();
        KMeansOptions options = new KMeansOptions(
                TRAINING_ITERATIONS,
                seed,
                KMeansOptions.LEAST_GAIN,
                Runtime.getRuntime().availableProcessors());
        int training = trainingVectors(count, nlist);
        float[] centroids = KMeans.train(vectors.pictures(0, training), training, vectors.dimension(), nlist, options)
                .centroids();
        try (IvfIndex index = IvfIndex.fromCentroids(centroids, nlist, vectors.dimension())) {
            for (int from = 0; from < count; from += BATCH) {
                int n = Math.min(BATCH, count - from);
                float[] batch = vectors.pictures(from, n);
                long[] ids = LongStream.range(from, from + n).toArray();
                long[] lists = new long[n];
                index.assign(batch, n, 1, lists, new float[n]);
                index.add(batch, ids, lists, n);
            }
            index.write(file);
        }
        report.note("built an index of %,d vectors in %.1f s", count, SideBySide.secondsSince(begin));
    }

    /** Reads the index; screened, as a server would that has the memory. */
    static IvfIndex read(Path file, boolean screened) {
        IvfIndex index = IvfIndex.read(file);
        if (screened) {
            index.screen();
        }
        return index;
    }
}
