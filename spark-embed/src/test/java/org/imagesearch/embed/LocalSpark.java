package org.imagesearch.embed;

import org.apache.spark.sql.SparkSession;

/** The Spark of these tests: two threads in this process, shared by all test classes. */
final class LocalSpark {
    private LocalSpark() {}

    static SparkSession session() {
        return SparkSession.builder()
                .master("local[2]")
                .appName("embed tests")
                .config("spark.ui.enabled", "false")
                .config("spark.driver.host", "127.0.0.1")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.sql.shuffle.partitions", "2")
                .config("spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
                .config("spark.hadoop.fs.faulty.impl", FaultyFileSystem.class.getName())
                .getOrCreate();
    }
}
