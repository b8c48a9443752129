package org.imagesearch.embed;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.LongAccumulator;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.parquet.FileSlice;
import org.imagesearch.core.parquet.VectorReader;

/** Compares queries with every embedding of some files and keeps the best of each. */
final class QueryScan {
    private static final int BATCH = 1024;

    private QueryScan() {}

    /**
     * A query as tasks see it.
     *
     * @param vector float[dimension], of unit length
     * @param k hits at most
     * @param least what scores below it is no hit
     * @param filter what pictures are limited to, as it was written; empty if to none
     */
    @SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
    record Asked(float[] vector, int k, double least, String filter) implements Serializable {}

    /**
     * What tasks must know of the dataset.
     *
     * @param normalised whether embeddings have unit length
     * @param down ids that are no hits, ascending
     */
    @SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
    record Format(int dimension, boolean normalised, String model, long[] down) implements Serializable {}

    /**
     * @param done counts pictures that were compared
     * @return rows of the query's number, the picture's id and the score; of each query at least those of the best k
     */
    static Iterator<Row> in(
            List<FileSlice> slices, List<Asked> queries, Format format, Configuration hadoop, LongAccumulator done) {
        List<Best> best = queries.stream().map(Best::new).toList();
        int dimension = format.dimension();
        long[] ids = new long[BATCH];
        float[] vectors = new float[BATCH * dimension];
        double[] squares = new double[BATCH];
        Fingerprint model = new Fingerprint(format.model());
        try (VectorReader reader = VectorReader.ofSlices(slices, dimension, Optional.of(model), hadoop);
                FilteredRows rows = new FilteredRows(queries, slices, model, hadoop)) {
            for (int read = reader.read(ids, vectors, squares, BATCH);
                    read > 0;
                    read = reader.read(ids, vectors, squares, BATCH)) {
                for (int row = 0; row < read; row++) {
                    rows.next(ids[row]);
                    if (squares[row] == 0 || Arrays.binarySearch(format.down(), ids[row]) >= 0) {
                        continue;
                    }
                    double length = format.normalised() ? 1 : Math.sqrt(squares[row]);
                    for (int query = 0; query < best.size(); query++) {
                        Best one = best.get(query);
                        float product = innerProduct(one.asked.vector(), vectors, row * dimension);
                        float score = (float) (product / length);
                        if (one.wants(score) && rows.match(query)) {
                            one.add(ids[row], score);
                        }
                    }
                }
                done.add(read);
            }
        }
        List<Row> hits = new ArrayList<>();
        for (int query = 0; query < best.size(); query++) {
            best.get(query).addTo(hits, query);
        }
        return hits.iterator();
    }

    /** Sums that do not wait for each other. */
    private static float innerProduct(float[] query, float[] vectors, int from) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < query.length; i += 4) {
            a += query[i] * vectors[from + i];
            b += query[i + 1] * vectors[from + i + 1];
            c += query[i + 2] * vectors[from + i + 2];
            d += query[i + 3] * vectors[from + i + 3];
        }
        for (; i < query.length; i++) {
            a += query[i] * vectors[from + i];
        }
        return a + b + (c + d);
    }

    /** The best of one query. What it holds is bounded by k, and by the pictures of the task. */
    private static final class Best {
        private static final int ROOM = 1024;

        private final Asked asked;
        private long[] ids = new long[ROOM];
        private float[] scores = new float[ROOM];
        private int size;
        private double bound;

        Best(Asked asked) {
            this.asked = asked;
            this.bound = asked.least();
        }

        boolean wants(float score) {
            return score >= bound;
        }

        void add(long id, float score) {
            if (size == ids.length) {
                if (size >= 2L * asked.k()) {
                    keepBest();
                } else {
                    ids = Arrays.copyOf(ids, 2 * size);
                    scores = Arrays.copyOf(scores, 2 * size);
                }
            }
            ids[size] = id;
            scores[size++] = score;
        }

        private void keepBest() {
            if (size <= asked.k()) {
                return;
            }
            int[] order = IntStream.range(0, size)
                    .boxed()
                    .sorted(Comparator.comparingDouble((Integer place) -> -scores[place])
                            .thenComparingLong(place -> ids[place]))
                    .limit(asked.k())
                    .mapToInt(Integer::intValue)
                    .toArray();
            long[] keptIds = new long[ids.length];
            float[] keptScores = new float[ids.length];
            for (int i = 0; i < order.length; i++) {
                keptIds[i] = ids[order[i]];
                keptScores[i] = scores[order[i]];
            }
            ids = keptIds;
            scores = keptScores;
            size = order.length;
            bound = Math.max(asked.least(), scores[size - 1]);
        }

        void addTo(List<Row> rows, int query) {
            keepBest();
            for (int i = 0; i < size; i++) {
                rows.add(RowFactory.create(query, ids[i], scores[i]));
            }
        }
    }
}
