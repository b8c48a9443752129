package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.imagesearch.core.index.IndexDirectory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jobs on a real cluster: a master and two workers, each with executors of its own. */
class ClusterIT {
    private static final int PICTURES = 53;

    @TempDir
    static Path folder;

    private static SparkCluster cluster;
    private static EmbeddedPictures local;

    @BeforeAll
    static void start() {
        EmbeddedPictures.draw(folder.resolve("pictures"), PICTURES);
        cluster = SparkCluster.start(folder.resolve("cluster"));
        local = new EmbeddedPictures(folder.resolve("local"));
        List<String> command = new ArrayList<>(List.of("bin/embed"));
        command.addAll(arguments(local));
        Command.run(folder.resolve("local.log"), command);
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void commandEmbedsOnEveryExecutorWhatALocalRunEmbedsAndMergeReadsIt() throws IOException {
        EmbeddedPictures dataset = new EmbeddedPictures(folder.resolve("by-command"));
        List<Path> before = cluster.executors();
        Command.run(
                folder.resolve("by-command.log"),
                cluster.bin("embed", arguments(dataset, "--wave-size", "10").toArray(String[]::new)));
        dataset.assertSameAs(local);
        assertThat(dataset.count("queries")).isEqualTo(PICTURES);
        assertBothWorked(before);

        Path index = folder.resolve("index");
        Command.run(
                folder.resolve("merge.log"),
                cluster.bin(
                        "merge",
                        "--embeddings",
                        dataset.dataset().toString(),
                        "--index",
                        index.toString(),
                        "--shards",
                        "2",
                        "--nlist",
                        "4"));
        IndexDirectory merged = new IndexDirectory(index);
        assertThat(merged.readManifest(merged.currentGeneration()).count()).isEqualTo(PICTURES);
    }

    @Test
    void sparkSubmitOfTheSameJarDoesTheSame() {
        EmbeddedPictures dataset = new EmbeddedPictures(folder.resolve("by-submit"));
        List<Path> before = cluster.executors();
        Command.run(
                folder.resolve("by-submit.log"),
                cluster.submitEmbed(List.of(), arguments(dataset, "--wave-size", "10")));
        dataset.assertSameAs(local);
        assertBothWorked(before);
    }

    /** The workers only claim to have GPUs, so that the model ends up on their processors; what is shown is that Spark agrees. */
    @Test
    void settingsForGpusAreUnderstoodBySpark() throws IOException {
        EmbeddedPictures dataset = new EmbeddedPictures(folder.resolve("by-gpu"));
        Path events = Files.createDirectories(folder.resolve("gpu-events"));
        List<String> command = cluster.submitEmbed(
                List.of(
                        // What is marked there to be adapted.
                        "spark.executor.cores=1",
                        "spark.task.cpus=1",
                        "spark.executor.memory=512m",
                        "spark.executor.memoryOverhead=256m",
                        "spark.eventLog.enabled=true",
                        "spark.eventLog.dir=" + events),
                arguments(dataset, "--device", "auto"));
        int submit = command.indexOf("--master");
        command.addAll(
                submit,
                List.of(
                        "--properties-file",
                        Repository.root().resolve("conf/spark-gpu.conf").toString()));
        Command.run(folder.resolve("by-gpu.log"), command);
        dataset.assertSameAs(local);
        try (Stream<Path> logs = Files.list(events)) {
            String log = Files.readString(logs.findFirst().orElseThrow());
            assertThat(log)
                    .contains("\"Event\":\"SparkListenerResourceProfileAdded\"")
                    .containsPattern(
                            "\"Task Resource Requests\":\\{[^\n]*\"gpu\":\\{\"Resource Name\":\"gpu\",\"Amount\":0.25")
                    .containsPattern("\"SparkListenerExecutorAdded\"[^\n]*\"gpu\":\\{[^\n]*\"addresses\":\\[\"0\"");
        }
    }

    /** The model comes to an executor with its first task. */
    private static void assertBothWorked(List<Path> before) {
        List<Path> executors = new ArrayList<>(cluster.executors());
        executors.removeAll(before);
        assertThat(executors).hasSize(2).allSatisfy(executor -> {
            try (Stream<Path> files = Files.list(executor)) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .anyMatch(name -> name.startsWith("model-"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static List<String> arguments(EmbeddedPictures dataset, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "--input",
                folder.resolve("pictures").toString(),
                "--output",
                dataset.dataset().toString(),
                "--model",
                Repository.root().resolve("demo/model").toString()));
        arguments.addAll(List.of(more));
        return arguments;
    }
}
