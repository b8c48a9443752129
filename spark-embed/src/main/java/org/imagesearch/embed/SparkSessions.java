package org.imagesearch.embed;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.api.plugin.SparkPlugin;
import org.apache.spark.sql.SparkSession;

/** How the programs of this module begin with Spark. */
final class SparkSessions {
    private SparkSessions() {}

    /** @param master as the command line has it; else spark-submit's, else this machine */
    static SparkSession start(String name, Optional<String> master) {
        return start(name, master, Optional.empty());
    }

    /** @param plugin to be had beside those of the configuration */
    static SparkSession start(String name, Optional<String> master, Optional<Class<? extends SparkPlugin>> plugin) {
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
        plugin.ifPresent(
                type -> configuration.set("spark.plugins", with(type, configuration.get("spark.plugins", ""))));
        return SparkSession.builder().appName(name).config(configuration).getOrCreate();
    }

    private static String with(Class<? extends SparkPlugin> plugin, String others) {
        return others.isBlank() ? plugin.getName() : others + "," + plugin.getName();
    }

    static boolean isLocal(SparkConf configuration) {
        return configuration.get("spark.master").startsWith("local");
    }
}
