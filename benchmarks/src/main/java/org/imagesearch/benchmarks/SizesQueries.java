package org.imagesearch.benchmarks;

import java.util.Arrays;
import java.util.stream.LongStream;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.IvfIndex;

/** Queries that are not in the index, pictures and captions, with their exact neighbours. */
final class SizesQueries {
    static final int K = 10;

    /** Of hits that must be the same on both sides; the others change places with what scores the same but for rounding. */
    private static final double LEAST_SAME = 0.98;

    private final int dimension;
    private final int count;
    private final float[] pictures;
    private final float[] words;
    private final long[] pictureNeighbours;
    private final long[] wordNeighbours;

    /**
     * @param indexed how many pictures are in the index, the first ones
     * @param count of pictures, and of captions
     * @param flat an index of floats, which with all lists is exact
     */
    SizesQueries(ClipLikeVectors vectors, int indexed, int count, IvfIndex flat) {
        this.dimension = vectors.dimension();
        this.count = count;
        this.pictures = vectors.pictures(indexed, count);
        this.words = new float[pictures.length];
        for (int i = 0; i < count; i++) {
            System.arraycopy(vectors.text(indexed + i), 0, words, i * dimension, dimension);
        }
        this.pictureNeighbours = search(flat, pictures, flat.nlist());
        this.wordNeighbours = search(flat, words, flat.nlist());
    }

    float[] pictures() {
        return pictures;
    }

    double pictureRecall(IvfIndex index, int nprobe) {
        return recall(search(index, pictures, nprobe), pictureNeighbours);
    }

    double wordRecall(IvfIndex index, int nprobe) {
        return recall(search(index, words, nprobe), wordNeighbours);
    }

    /** Seconds that the pictures take, one after the other. */
    double oneAtATime(IvfIndex index, int nprobe) {
        float[] query = new float[dimension];
        long[] ids = new long[K];
        float[] scores = new float[K];
        long begin = System.nanoTime();
        for (int i = 0; i < count; i++) {
            System.arraycopy(pictures, i * dimension, query, 0, dimension);
            index.search(query, 1, K, nprobe, null, ids, scores);
        }
        return SideBySide.secondsSince(begin);
    }

    /** @throws ImageSearchException (data) if hits of the pictures are others than these, which makes times worthless */
    void requireLike(IvfIndex index, int nprobe, long[] theirs) {
        double same = recall(search(index, pictures, nprobe), theirs);
        if (same < LEAST_SAME) {
            throw ImageSearchException.data("only %.4f of the hits are the same on both sides", same);
        }
    }

    private long[] search(IvfIndex index, float[] queries, int nprobe) {
        long[] ids = new long[count * K];
        index.search(queries, count, K, nprobe, null, ids, new float[ids.length]);
        return ids;
    }

    private double recall(long[] found, long[] exact) {
        long hits = 0;
        for (int i = 0; i < count; i++) {
            long[] right = Arrays.copyOfRange(exact, i * K, (i + 1) * K);
            hits += LongStream.of(Arrays.copyOfRange(found, i * K, (i + 1) * K))
                    .filter(id -> LongStream.of(right).anyMatch(other -> other == id))
                    .count();
        }
        return (double) hits / (count * K);
    }
}
