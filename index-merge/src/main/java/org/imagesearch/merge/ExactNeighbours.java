package org.imagesearch.merge;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.parquet.FileSlice;

/**
 * The exact nearest pictures of queries, from the embeddings of the dataset itself: an index of codes does not know them.
 *
 * @param pictures pictures that were compared
 * @param nearest the nearest of every query; their lists are not known, and 0
 */
record ExactNeighbours(long pictures, NearestPictures nearest) implements Serializable {
    /** Vectors compared with all queries at once. */
    private static final int CHUNK = 4096;

    /**
     * Reads every embedding of the dataset once.
     *
     * @param tasks what to read, task by task
     * @param k pictures per query
     * @param down ids that are taken down and not compared, ascending
     */
    static ExactNeighbours find(
            JavaSparkContext spark,
            List<List<FileSlice>> tasks,
            InputFormat format,
            Broadcast<SerializableConfiguration> hadoop,
            VectorBlock queries,
            int k,
            long[] down) {
        Broadcast<VectorBlock> shared = spark.broadcast(queries);
        try {
            return spark.parallelize(tasks, Math.max(1, tasks.size()))
                    .map(slices -> in(slices, format, hadoop.value().value(), shared.value(), k, down))
                    .reduce(ExactNeighbours::and);
        } finally {
            shared.destroy();
        }
    }

    private static ExactNeighbours in(
            List<FileSlice> slices, InputFormat format, Configuration hadoop, VectorBlock queries, int k, long[] down) {
        NearestPictures nearest = new NearestPictures(queries.size(), k);
        VectorBlock chunk = new VectorBlock(CHUNK, format.dimension());
        int[] lists = new int[CHUNK];
        long pictures = 0;
        try (UnitVectorReader reader = UnitVectorReader.ofSlices(slices, format, hadoop)) {
            for (int read = reader.next(); read > 0; read = reader.next()) {
                for (int row = 0; row < read; row++) {
                    if (Arrays.binarySearch(down, reader.ids()[row]) >= 0) {
                        continue;
                    }
                    chunk.add(reader.ids()[row], reader.vectors(), row * format.dimension());
                    pictures++;
                    if (chunk.size() == CHUNK) {
                        ShardInspection.compare(queries, chunk, lists, nearest);
                    }
                }
            }
        }
        ShardInspection.compare(queries, chunk, lists, nearest);
        return new ExactNeighbours(pictures, nearest);
    }

    private ExactNeighbours and(ExactNeighbours other) {
        nearest.merge(other.nearest);
        return new ExactNeighbours(pictures + other.pictures, nearest);
    }
}
