package org.imagesearch.merge;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.FileSlice;

/**
 * Pictures drawn at random over a whole dataset: those whose ids come first in the random order of a seed. The outcome does
 * not depend on how the dataset is cut into tasks.
 *
 * @param seen pictures that the dataset has
 * @param pictures the drawn ones, in their random order
 */
record Sample(long seen, VectorBlock pictures) {

    /** What one task found. */
    @SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
    private record Part(long seen, VectorBlock drawn) implements Serializable {}

    /**
     * Reads every embedding of the dataset once, on the way checking them all, and keeps a few.
     *
     * @param tasks what to read, task by task
     * @param expected pictures that the dataset should have
     * @param count pictures to draw; all if the dataset has no more
     * @throws ImageSearchException (data) naming the picture, if an embedding is not what the dataset promises
     */
    static Sample draw(
            JavaSparkContext spark,
            List<List<FileSlice>> tasks,
            InputFormat format,
            Broadcast<SerializableConfiguration> hadoop,
            long expected,
            int count,
            long seed) {
        long limit = rankLimit(count, expected);
        List<Part> parts = spark.parallelize(tasks, Math.max(1, tasks.size()))
                .map(slices -> drawFrom(slices, format, hadoop.value().value(), limit, seed))
                .collect();
        return combine(parts, format.dimension(), count, seed);
    }

    /**
     * The rank below which about {@code count} pictures lie; six standard deviations more, so that there are hardly ever
     * fewer. It keeps what tasks send to the driver near what the driver keeps.
     */
    static long rankLimit(int count, long expected) {
        double share = (count + 6 * Math.sqrt(count) + 16) / expected;
        return share >= 1 ? Long.MAX_VALUE : (long) ((share * 2 - 1) * Long.MAX_VALUE);
    }

    private static Part drawFrom(
            List<FileSlice> slices, InputFormat format, Configuration hadoop, long limit, long seed) {
        VectorBlock drawn = new VectorBlock(0, format.dimension());
        long seen = 0;
        try (UnitVectorReader reader = UnitVectorReader.ofSlices(slices, format, hadoop)) {
            for (int read = reader.next(); read > 0; read = reader.next()) {
                for (int row = 0; row < read; row++) {
                    if (Hashing.rank(reader.ids()[row], seed) <= limit) {
                        drawn.add(reader.ids()[row], reader.vectors(), row * format.dimension());
                    }
                }
                seen += read;
            }
        }
        return new Part(seen, drawn);
    }

    private static Sample combine(List<Part> parts, int dimension, int count, long seed) {
        record Place(long rank, VectorBlock block, int row) {}
        List<Place> places = new ArrayList<>();
        long seen = 0;
        for (Part part : parts) {
            seen += part.seen;
            for (int row = 0; row < part.drawn.size(); row++) {
                places.add(new Place(Hashing.rank(part.drawn.id(row), seed), part.drawn, row));
            }
        }
        places.sort(Comparator.comparingLong(Place::rank).thenComparingLong(place -> place.block.id(place.row)));
        VectorBlock pictures = new VectorBlock(Math.min(count, places.size()), dimension);
        Iterator<Place> order = places.iterator();
        while (order.hasNext() && pictures.size() < count) {
            Place place = order.next();
            pictures.add(place.block.id(place.row), place.block.vectors(), place.row * dimension);
        }
        return new Sample(seen, pictures);
    }
}
