package org.imagesearch.merge;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** Spark as the jobs of this module want it. */
final class SparkSessions {
    private SparkSessions() {}

    /** @param master where to run; without, what spark-submit says, else this machine */
    static SparkSession open(Optional<String> master) {
        SparkConf configuration = new SparkConf();
        master.ifPresent(configuration::setMaster);
        configuration.setIfMissing("spark.master", "local[*]");
        if (configuration.get("spark.master").startsWith("local")) {
            // A job on one machine has no business listening to others.
            configuration.setIfMissing("spark.ui.enabled", "false");
            configuration.setIfMissing("spark.driver.host", "127.0.0.1");
            configuration.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        }
        // Results are records, which Kryo cannot take; what they may weigh is bounded by our own settings.
        configuration.set("spark.serializer", "org.apache.spark.serializer.JavaSerializer");
        configuration.set("spark.driver.maxResultSize", "0");
        return SparkSession.builder()
                .appName("imagesearch merge")
                .config(configuration)
                .getOrCreate();
    }
}
