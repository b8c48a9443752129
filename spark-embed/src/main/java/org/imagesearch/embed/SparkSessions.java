package org.imagesearch.embed;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** How the programs of this module begin with Spark. */
final class SparkSessions {
    private SparkSessions() {}

    /** @param master as the command line has it; else spark-submit's, else this machine */
    static SparkSession start(String name, Optional<String> master) {
        SparkConf configuration = new SparkConf();
        master.ifPresent(configuration::setMaster);
        configuration.setIfMissing("spark.master", "local[*]");
        if (isLocal(configuration)) {
            // A job on one machine has no business listening to others.
            configuration.setIfMissing("spark.ui.enabled", "false");
            configuration.setIfMissing("spark.driver.host", "127.0.0.1");
            configuration.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        }
        // What a job writes becomes visible by one rename; markers inside it tell nobody anything.
        configuration.set("spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs", "false");
        return SparkSession.builder().appName(name).config(configuration).getOrCreate();
    }

    static boolean isLocal(SparkConf configuration) {
        return configuration.get("spark.master").startsWith("local");
    }
}
