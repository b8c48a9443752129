package org.imagesearch.merge;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.LongPredicate;
import java.util.stream.IntStream;

/** Embeddings with their ids, row-major in one array, which grows up to what an array can hold. One thread at a time. */
final class VectorBlock implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int dimension;
    private long[] ids;
    private float[] vectors;
    private int size;

    VectorBlock(int capacity, int dimension) {
        this.dimension = dimension;
        this.ids = new long[capacity];
        this.vectors = new float[Math.multiplyExact(capacity, dimension)];
    }

    int size() {
        return size;
    }

    int dimension() {
        return dimension;
    }

    long id(int row) {
        return ids[row];
    }

    /** A copy of a row, float[dimension]. */
    float[] vector(int row) {
        return Arrays.copyOfRange(vectors, row * dimension, (row + 1) * dimension);
    }

    /** The ids, and perhaps room behind the last one. */
    long[] ids() {
        return ids;
    }

    /** The vectors {@code float[size * dimension]}, and perhaps room behind the last one. */
    float[] vectors() {
        return vectors;
    }

    /** The vectors {@code float[size * dimension]}, exactly. */
    float[] exactVectors() {
        return vectors.length == size * dimension ? vectors : Arrays.copyOf(vectors, size * dimension);
    }

    /** @param from where the vector begins in {@code source} */
    void add(long id, float[] source, int from) {
        if (size == ids.length) {
            int capacity = Math.max(16, Math.toIntExact(Math.min(2L * size, Integer.MAX_VALUE / dimension)));
            ids = Arrays.copyOf(ids, capacity);
            vectors = Arrays.copyOf(vectors, Math.multiplyExact(capacity, dimension));
        }
        ids[size] = id;
        System.arraycopy(source, from, vectors, size * dimension, dimension);
        size++;
    }

    void addAll(VectorBlock other) {
        for (int row = 0; row < other.size; row++) {
            add(other.ids[row], other.vectors, row * dimension);
        }
    }

    /** Rows {@code from} to {@code to - 1}, copied. */
    VectorBlock slice(int from, int to) {
        VectorBlock part = new VectorBlock(to - from, dimension);
        for (int row = from; row < to; row++) {
            part.add(ids[row], vectors, row * dimension);
        }
        return part;
    }

    /** Removes rows by their id, in place: a block may be as large as memory allows. The others keep their order. */
    void removeIf(LongPredicate unwanted) {
        int kept = 0;
        for (int row = 0; row < size; row++) {
            if (!unwanted.test(ids[row])) {
                ids[kept] = ids[row];
                System.arraycopy(vectors, row * dimension, vectors, kept * dimension, dimension);
                kept++;
            }
        }
        size = kept;
    }

    /** Gives up the room behind the last row. */
    void trim() {
        if (ids.length > size) {
            ids = Arrays.copyOf(ids, size);
            vectors = Arrays.copyOf(vectors, size * dimension);
        }
    }

    void keepFirst(int count) {
        size = Math.min(size, count);
    }

    /** Brings the rows into the order of their numbers, in place: a block may be as large as memory allows. */
    void sort(Comparator<Integer> order) {
        int[] from = IntStream.range(0, size)
                .boxed()
                .sorted(order)
                .mapToInt(Integer::intValue)
                .toArray();
        float[] first = new float[dimension];
        for (int start = 0; start < size; start++) {
            if (from[start] == start) {
                continue;
            }
            // Round a cycle: each place takes the row that belongs there, the last one takes the first.
            long firstId = ids[start];
            System.arraycopy(vectors, start * dimension, first, 0, dimension);
            int place = start;
            while (from[place] != start) {
                int next = from[place];
                ids[place] = ids[next];
                System.arraycopy(vectors, next * dimension, vectors, place * dimension, dimension);
                from[place] = place;
                place = next;
            }
            ids[place] = firstId;
            System.arraycopy(first, 0, vectors, place * dimension, dimension);
            from[place] = place;
        }
    }

    void clear() {
        size = 0;
    }
}
