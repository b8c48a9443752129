package org.imagesearch.merge;

import java.io.Serializable;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.parquet.RowRange;
import scala.Function1;
import scala.Function2;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.runtime.BoxedUnit;

/**
 * Pictures drawn at random over a whole dataset: those whose ids come first in the random order of a seed. The outcome does
 * not depend on how the dataset is cut into tasks.
 *
 * @param seen pictures that the dataset has
 * @param pictures the drawn ones, in their random order
 */
record Sample(long seen, VectorBlock pictures) {
    /** What a task draws at most. Spark copies it more than once on its way to the driver, where several may be on their way. */
    private static final long TASK_BYTES = 8 << 20;

    /** What one task found. */
    @SuppressWarnings("ArrayRecordComponent") // moved in bulk, never compared
    private record Part(long seen, VectorBlock drawn) implements Serializable {}

    /**
     * Reads every embedding of the dataset once, on the way checking them all, and keeps a few.
     *
     * @param census the rows to read
     * @param expected pictures that the dataset should have
     * @param count pictures to draw; all if the dataset has no more
     * @param split bytes of vectors that a task reads at most
     * @throws ImageSearchException (data) naming the picture, if an embedding is not what the dataset promises
     */
    static Sample draw(
            JavaSparkContext spark,
            Census census,
            InputFormat format,
            Broadcast<SerializableConfiguration> hadoop,
            long expected,
            int count,
            long split,
            long seed) {
        long limit = rankLimit(count, expected);
        List<List<RowRange>> tasks = census.tasks(rowsPerTask(count, expected, split, format.dimension()));
        JavaRDD<Part> parts = spark.parallelize(tasks, Math.max(1, tasks.size()))
                .map(rows -> drawFrom(rows, format, hadoop.value().value(), limit, seed));
        // Together they may be as large as memory allows: each is copied as it comes, and then forgotten.
        Gathered gathered = new Gathered(room(count, expected), format.dimension());
        spark.sc()
                .runJob(
                        parts.rdd(),
                        (Function1<Iterator<Part>, Part> & Serializable) Iterator::next,
                        (Function2<Object, Part, BoxedUnit>) (task, part) -> gathered.add(part),
                        ClassTag.apply(Part.class));
        return gathered.first(count, seed);
    }

    /**
     * The rank below which about {@code count} pictures lie; six standard deviations more, so that there are hardly ever
     * fewer. It keeps what tasks send to the driver near what the driver keeps.
     */
    static long rankLimit(int count, long expected) {
        double share = (count + 6 * Math.sqrt(count) + 16) / expected;
        return share >= 1 ? Long.MAX_VALUE : (long) ((share * 2 - 1) * Long.MAX_VALUE);
    }

    /** Rows of a task, which reads no more than {@code split} bytes of them and draws {@link #TASK_BYTES} or a little more. */
    static long rowsPerTask(int count, long expected, long split, int dimension) {
        long rowBytes = (long) dimension * Float.BYTES;
        double share = Math.min(1, (double) count / expected);
        return Math.max(1, Math.min(split, (long) (TASK_BYTES / share)) / rowBytes);
    }

    private static Part drawFrom(List<RowRange> rows, InputFormat format, Configuration hadoop, long limit, long seed) {
        VectorBlock drawn = new VectorBlock(0, format.dimension());
        long seen = 0;
        try (UnitVectorReader reader = UnitVectorReader.of(rows, format, format.batch(), hadoop)) {
            for (int read = reader.next(); read > 0; read = reader.next()) {
                for (int row = 0; row < read; row++) {
                    if (Hashing.rank(reader.ids()[row], seed) <= limit) {
                        drawn.add(reader.ids()[row], reader.vectors(), row * format.dimension());
                    }
                }
                seen += read;
            }
        }
        drawn.trim();
        return new Part(seen, drawn);
    }

    /** How many are drawn by the limit, but for one time in many billions. */
    private static int room(int count, long expected) {
        return (int) Math.min(expected, (long) (count + 12 * Math.sqrt(count) + 64));
    }

    /** What the tasks have drawn. */
    private static final class Gathered {
        private final VectorBlock pictures;
        private long seen;

        Gathered(int capacity, int dimension) {
            pictures = new VectorBlock(capacity, dimension);
        }

        synchronized BoxedUnit add(Part part) {
            seen += part.seen;
            for (int row = 0; row < part.drawn.size(); row++) {
                pictures.add(part.drawn.id(row), part.drawn.vectors(), row * part.drawn.dimension());
            }
            return BoxedUnit.UNIT;
        }

        /** The first so many in the random order of the seed. */
        synchronized Sample first(int count, long seed) {
            pictures.sort(Comparator.comparingLong((Integer row) -> Hashing.rank(pictures.id(row), seed))
                    .thenComparingLong(pictures::id));
            pictures.keepFirst(count);
            return new Sample(seen, pictures);
        }
    }
}
