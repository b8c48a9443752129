package org.imagesearch.faiss;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;

/**
 * Spherical k-means: centroids of length 1 that unit vectors have the largest inner product with, in the mean.
 *
 * <p>It begins with vectors drawn at random. Each pass puts every vector into the list of its nearest centroid and takes the sum of
 * a list's vectors, scaled to length 1, as its new centroid. A centroid with an empty list is put on a vector drawn with a
 * probability that grows with the distance from the vector to its centroid: where centroids are missed most, and never on a
 * vector that has one already.
 *
 * <p>One run: the threads are its own and end with it.
 */
public final class KMeans {
    /** Vectors that a thread takes at a time. */
    private static final int CHUNK = 1920;

    private final float[] vectors;
    private final int n;
    private final int dimension;
    private final int k;
    private final KMeansOptions options;
    private final SplittableRandom random;

    private final long[] lists;
    private final float[] scores;
    private final int[] members;
    private final int[] starts;
    private final float[] centroids;

    private KMeans(float[] vectors, int n, int dimension, int k, KMeansOptions options) {
        this.vectors = vectors;
        this.n = n;
        this.dimension = dimension;
        this.k = k;
        this.options = options;
        this.random = new SplittableRandom(options.seed());
        this.lists = new long[n];
        this.scores = new float[n];
        this.members = new int[n];
        this.starts = new int[k + 1];
        this.centroids = new float[Math.multiplyExact(k, dimension)];
    }

    /**
     * Trains centroids. Beside the vectors, which are not copied, it takes 24 bytes per vector and some three times the centroids.
     *
     * @param vectors float[n * dimension], row-major, of length 1 each
     * @param n vectors given, at least {@code k}
     * @param dimension floats per vector
     * @param k centroids wanted
     * @throws ImageSearchException (input) if the numbers do not fit together; (data) naming the first vector that has NaN, infinity
     *     or only zeros
     */
    public static Clusters train(float[] vectors, int n, int dimension, int k, KMeansOptions options) {
        FaissLibrary.require();
        if (dimension <= 0 || k <= 0 || n < k) {
            throw ImageSearchException.input(
                    "%d centroids of dimension %d cannot be trained from %d vectors", k, dimension, n);
        }
        Arguments.requireLength("vectors", vectors.length, (long) n * dimension);
        try (Workers workers = new Workers("kmeans", options.threads())) {
            return new KMeans(vectors, n, dimension, k, options).run(workers);
        }
    }

    private Clusters run(Workers workers) {
        requireFit(workers);
        drawCentroids();
        List<Double> objectives = new ArrayList<>();
        int repaired = 0;
        NearestCentroids nearest = NearestCentroids.of(centroids, k, dimension);
        try {
            while (objectives.size() < options.iterations()) {
                assign(workers, nearest, !objectives.isEmpty());
                sortByList();
                objectives.add(update(workers));
                int empty = repair();
                repaired += empty;
                if (empty == 0 && ended(objectives)) {
                    break;
                }
                if (objectives.size() < options.iterations()) {
                    NearestCentroids before = nearest;
                    nearest = before.moved(centroids);
                    before.close();
                }
            }
        } finally {
            nearest.close();
        }
        return new Clusters(centroids, objectives, imbalance(), repaired);
    }

    private void requireFit(Workers workers) {
        double[] first = workers.run(
                chunks(), chunk -> FaissCalls.kmeansUnfit(vectors, from(chunk), to(chunk) - from(chunk), dimension));
        for (double unfit : first) {
            if (unfit >= 0) {
                throw ImageSearchException.data(
                        "cannot train centroids: vector %d of %d has no direction, it holds NaN, infinity, numbers too large or only zeros",
                        (long) unfit, n);
            }
        }
    }

    /** Starts with k of the vectors, drawn at random: the first k places of a shuffle. */
    private void drawCentroids() {
        int[] order = members;
        Arrays.setAll(order, i -> i);
        for (int list = 0; list < k; list++) {
            int drawn = list + random.nextInt(n - list);
            int vector = order[drawn];
            order[drawn] = order[list];
            order[list] = vector;
            putOn(list, vector);
        }
    }

    private void putOn(int list, int vector) {
        System.arraycopy(vectors, vector * dimension, centroids, list * dimension, dimension);
    }

    private void assign(Workers workers, NearestCentroids nearest, boolean hinted) {
        workers.run(chunks(), chunk -> {
            nearest.assign(vectors, from(chunk), to(chunk) - from(chunk), hinted, lists, scores);
            return 0;
        });
    }

    /** The vectors of each list, by number: a counting sort. */
    private void sortByList() {
        Arrays.fill(starts, 0);
        for (int i = 0; i < n; i++) {
            starts[(int) lists[i] + 1]++;
        }
        for (int list = 0; list < k; list++) {
            starts[list + 1] += starts[list];
        }
        int[] next = Arrays.copyOf(starts, k);
        for (int i = 0; i < n; i++) {
            members[next[(int) lists[i]]++] = i;
        }
    }

    /** Moves the centroids to their vectors. Returns the mean inner product with them. */
    private double update(Workers workers) {
        // Not by the threads: the sum below would be another in its last digits.
        int step = Math.max(1, k / 64);
        double[] sums = workers.run(
                (k + step - 1) / step,
                part -> FaissCalls.kmeansUpdate(
                        vectors, dimension, members, starts, part * step, Math.min(k, (part + 1) * step), centroids));
        return Arrays.stream(sums).sum() / n;
    }

    /** Puts centroids of empty lists on vectors that are far from theirs. Returns how many were empty. */
    private int repair() {
        int[] empty = IntStream.range(0, k)
                .filter(list -> starts[list] == starts[list + 1])
                .toArray();
        if (empty.length == 0) {
            return 0;
        }
        double[] cumulative = new double[n];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            // Half the squared distance; rounding makes it nearly zero for a vector that is its own centroid.
            double distance = 1 - scores[i];
            sum += distance > 1e-6 ? distance : 0;
            cumulative[i] = sum;
        }
        for (int list : empty) {
            if (sum > 0) {
                int place = Arrays.binarySearch(cumulative, random.nextDouble() * sum);
                putOn(list, Math.min(n - 1, place < 0 ? -place - 1 : place + 1));
            }
        }
        return empty.length;
    }

    private boolean ended(List<Double> objectives) {
        int passes = objectives.size();
        if (options.leastGain() == 0 || passes < 2) {
            return false;
        }
        double gain = objectives.get(passes - 1) - objectives.get(passes - 2);
        return gain < options.leastGain() * objectives.get(passes - 1);
    }

    private double imbalance() {
        double squares = 0;
        for (int list = 0; list < k; list++) {
            double size = starts[list + 1] - starts[list];
            squares += size * size;
        }
        return k * squares / ((double) n * n);
    }

    private int chunks() {
        return (n + CHUNK - 1) / CHUNK;
    }

    private int from(int chunk) {
        return chunk * CHUNK;
    }

    private int to(int chunk) {
        return Math.min(n, (chunk + 1) * CHUNK);
    }
}
