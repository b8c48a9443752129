package org.imagesearch.faiss;

import java.util.function.LongFunction;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;

/**
 * Finds the nearest centroid, by inner product, of many vectors: as exactly as comparing with each one in float, of two that
 * are equally near the one of the lower number, but with a fraction of the arithmetic.
 *
 * <p>What it does per centroid is done once, in {@link #of}: a second of a core for 65,536 of 512 floats. Thread-safe; works on the
 * calling thread alone. {@link #close} waits for calls under way; a call after it is an {@link IllegalStateException}.
 */
public final class NearestCentroids implements AutoCloseable {
    private final NativeHandle handle;
    private final int nlist;
    private final int dimension;

    private NearestCentroids(long address, int nlist, int dimension) {
        this.handle = new NativeHandle("centroids", address, FaissCalls::nearestFree);
        this.nlist = nlist;
        this.dimension = dimension;
    }

    /**
     * Makes ready for these centroids, which are copied.
     *
     * @param centroids float[nlist * dimension], row-major
     * @throws ImageSearchException (input) if the numbers do not fit together; (data) if a centroid has NaN or infinity
     */
    public static NearestCentroids of(float[] centroids, int nlist, int dimension) {
        FaissLibrary.require();
        Arguments.requireRange("nlist", nlist, 1, Integer.MAX_VALUE);
        Arguments.requireRange("dimension", dimension, 1, 1 << 16);
        Arguments.requireLength("centroids", centroids.length, (long) nlist * dimension);
        return new NearestCentroids(
                translated(() -> FaissCalls.nearestOf(centroids, nlist, dimension)), nlist, dimension);
    }

    /** The same for other centroids of the same number and dimension, sooner if they lie as these do. */
    NearestCentroids moved(float[] centroids) {
        Arguments.requireLength("centroids", centroids.length, (long) nlist * dimension);
        return new NearestCentroids(
                call(address -> translated(() -> FaissCalls.nearestMoved(address, centroids))), nlist, dimension);
    }

    /**
     * Finds the nearest centroid of each vector.
     *
     * @param vectors float[n * dimension], row-major; of length 1, or the nearest is not the nearest by angle
     * @param n vectors
     * @param lists long[n], receives the numbers of the centroids
     * @param scores float[n], receives the inner products
     * @throws ImageSearchException (input) if an array is too short; (data) naming the first vector with NaN or infinity
     */
    public void assign(float[] vectors, int n, long[] lists, float[] scores) {
        Arguments.requireRange("n", n, 0, Integer.MAX_VALUE);
        Arguments.requireLength("vectors", vectors.length, (long) n * dimension);
        Arguments.requireLength("lists", lists.length, n);
        Arguments.requireLength("scores", scores.length, n);
        assign(vectors, 0, n, false, lists, scores);
    }

    /**
     * Finds the nearest centroids of vectors {@code first} to {@code first + n - 1}, with lists and scores at the same places.
     *
     * @param hinted whether the lists hold a guess, which shortens the search if it is good
     */
    void assign(float[] vectors, int first, int n, boolean hinted, long[] lists, float[] scores) {
        call(address -> translated(() -> {
            FaissCalls.nearestAssign(address, vectors, first, n, hinted, lists, scores);
            return null;
        }));
    }

    private <T> T call(LongFunction<T> call) {
        return handle.read(call);
    }

    private interface Call<T> {
        T make();
    }

    /** The native side finds one fault only: numbers that are none. */
    private static <T> T translated(Call<T> call) {
        try {
            return call.make();
        } catch (ImageSearchException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ImageSearchException(ErrorCode.DATA, "cannot find nearest centroids: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        handle.close();
    }
}
