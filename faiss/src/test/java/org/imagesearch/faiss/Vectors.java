package org.imagesearch.faiss;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/** Seeded unit vectors around a few directions, and exact search over them: the oracle. */
final class Vectors {
    final int dimension;
    final int count;
    final float[] values;
    final long[] ids;

    Vectors(long seed, int count, int dimension) {
        this.dimension = dimension;
        this.count = count;
        this.values = new float[count * dimension];
        this.ids = new long[count];
        Random random = new Random(seed);
        float[] directions = new float[16 * dimension];
        for (int i = 0; i < directions.length; i++) {
            directions[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < count; i++) {
            ids[i] = 1_000_000_000_000L + 3L * i;
            int direction = random.nextInt(16);
            double square = 0;
            for (int j = 0; j < dimension; j++) {
                float value = directions[direction * dimension + j] + (float) random.nextGaussian();
                values[i * dimension + j] = value;
                square += (double) value * value;
            }
            for (int j = 0; j < dimension; j++) {
                values[i * dimension + j] /= (float) Math.sqrt(square);
            }
        }
    }

    float[] row(int i) {
        return Arrays.copyOfRange(values, i * dimension, (i + 1) * dimension);
    }

    double score(float[] query, int i) {
        double sum = 0;
        for (int j = 0; j < dimension; j++) {
            sum += (double) query[j] * values[i * dimension + j];
        }
        return sum;
    }

    /** The ids of the k best, best first. */
    long[] nearest(float[] query, int k, LongPredicate keep) {
        return IntStream.range(0, count)
                .filter(i -> keep.test(ids[i]))
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -score(query, i)))
                .limit(k)
                .mapToLong(i -> ids[i])
                .toArray();
    }

    /** An index of these vectors over trained centroids. */
    IvfIndex index(int nlist) {
        float[] centroids = KMeans.train(values, count, dimension, nlist, new KMeansOptions(8, 7, 0, 2))
                .centroids();
        IvfIndex index = IvfIndex.fromCentroids(centroids, nlist, dimension);
        addTo(index);
        return index;
    }

    void addTo(IvfIndex index) {
        long[] lists = new long[count];
        index.assign(values, count, 1, lists, new float[count]);
        index.add(values, ids, lists, count);
    }
}
