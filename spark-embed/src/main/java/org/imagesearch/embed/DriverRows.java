package org.imagesearch.embed;

import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Hands rows that the driver holds to tasks. */
final class DriverRows {
    /** Rows travel inside their task; Spark warns of tasks above 1 MiB and refuses those above 128 MiB. */
    private static final int ROWS_PER_TASK = 2_000;

    private DriverRows() {}

    /** The rows in their order, in as many partitions as keep every task small. */
    static <T> JavaRDD<T> distribute(SparkSession spark, List<T> rows) {
        return JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(rows, 1 + rows.size() / ROWS_PER_TASK);
    }
}
