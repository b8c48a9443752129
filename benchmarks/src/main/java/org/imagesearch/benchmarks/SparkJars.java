package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;

/** Java programs on the Spark that Maven put together, as bin/ starts them. */
final class SparkJars {
    private SparkJars() {}

    static Path home() {
        return Program.file("spark-home/target/home");
    }

    /** The program bin/embed with everything in it. */
    static Path embedJar() throws IOException {
        try (Stream<Path> jars = Files.list(Program.file("spark-embed/target"))) {
            return jars.filter(jar -> jar.toString().endsWith("-all.jar"))
                    .findFirst()
                    .orElseThrow(() -> ImageSearchException.input("spark-embed is not built: run bin/embed --help"));
        }
    }

    /** A command line. The class path goes through the environment: ONNX Runtime fails on very long command lines. */
    static List<String> java(List<Path> jars, String... classAndArguments) {
        String path = Stream.concat(jars.stream().map(Path::toString), Stream.of(home() + "/jars/*"))
                .collect(Collectors.joining(":"));
        List<String> command = new ArrayList<>(List.of(
                "env",
                "SPARK_LOCAL_IP=127.0.0.1",
                "SPARK_HOME=" + home(),
                "SPARK_SCALA_VERSION=2.12",
                "RUST_FLAVOR=cpu",
                "CLASSPATH=" + path,
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + Program.file("bin/lib/spark-java-options"),
                "-Dlog4j2.configurationFile=file:" + Program.file("conf/log4j2.properties")));
        command.addAll(List.of(classAndArguments));
        return command;
    }
}
