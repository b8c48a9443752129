package org.imagesearch.merge;

import java.util.Optional;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** Spark that starts when it is first asked for. One thread at a time. */
final class LazySpark implements AutoCloseable {
    private final Optional<String> master;
    private SparkSession session;

    LazySpark(Optional<String> master) {
        this.master = master;
    }

    JavaSparkContext context() {
        if (session == null) {
            session = SparkSessions.open(master);
        }
        return JavaSparkContext.fromSparkContext(session.sparkContext());
    }

    /** Stops it, if it was started. */
    @Override
    public void close() {
        if (session != null) {
            session.close();
        }
    }
}
