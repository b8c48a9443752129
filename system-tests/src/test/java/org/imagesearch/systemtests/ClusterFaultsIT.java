package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What goes wrong in a cluster, while speculation runs tasks twice. Whatever it is: after the same command has run to its end,
 * every listed picture is once in the embeddings or in the failures, under the id that an undisturbed run gives it.
 */
class ClusterFaultsIT {
    private static final int PICTURES = 53;

    @TempDir
    static Path folder;

    private static Path pictures;
    private static SparkCluster cluster;
    private static EmbeddedPictures undisturbed;

    @BeforeAll
    static void start() {
        pictures = folder.resolve("pictures");
        EmbeddedPictures.draw(pictures, PICTURES);
        cluster = SparkCluster.start(folder.resolve("cluster"));
        undisturbed = new EmbeddedPictures(folder.resolve("undisturbed"));
        Command.run(folder.resolve("undisturbed.log"), embed(undisturbed));
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void executorKilledWhileTasksRunTwice() throws Exception {
        EmbeddedPictures dataset = new EmbeddedPictures(folder.resolve("executor"));
        try (Job job = start(dataset)) {
            job.awaitWaves(2);
            cluster.killExecutorsOfFirstWorker();
            job.awaitSuccess();
        }
        dataset.assertSameAs(undisturbed);
        assertThat(speculativeTasks(dataset)).isPositive();
    }

    @Test
    void workerMachineThatFails() throws Exception {
        EmbeddedPictures dataset = new EmbeddedPictures(folder.resolve("worker"));
        try (Job job = start(dataset)) {
            job.awaitWaves(2);
            cluster.replaceFirstWorker();
            job.awaitSuccess();
        }
        dataset.assertSameAs(undisturbed);
    }

    @Test
    void driverKilledAndStartedAgain() throws Exception {
        EmbeddedPictures dataset = new EmbeddedPictures(folder.resolve("driver"));
        int committed;
        try (Job job = start(dataset)) {
            job.awaitWaves(2);
            job.kill();
            committed = dataset.waves();
        }
        assertThat(committed).isLessThan(undisturbed.waves());
        Path log = folder.resolve("driver-again.log");
        Command.run(log, embed(dataset));
        assertThat(Files.readAllLines(log)).contains("going on after " + committed + " committed waves");
        dataset.assertSameAs(undisturbed);
    }

    @Test
    void diskThatFillsUp() throws IOException {
        Path disk = Files.createDirectories(folder.resolve("disk"));
        boolean mounted = status("mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", disk.toString()) == 0;
        assumeTrue(mounted, "a small disk cannot be mounted here: no root, or a container without the right to");
        try {
            EmbeddedPictures dataset = new EmbeddedPictures(disk.resolve("dataset"));
            Path full = folder.resolve("disk-full.log");
            assertThat(Command.status(full, embed(dataset))).isEqualTo(1);
            assertThat(Command.tail(full)).contains("No space left on device");
            assertThat(dataset.waves()).isLessThan(undisturbed.waves());

            assertThat(status("mount", "-o", "remount,size=64m", disk.toString()))
                    .isZero();
            Command.run(folder.resolve("disk-again.log"), embed(dataset));
            dataset.assertSameAs(undisturbed);
        } finally {
            status("umount", disk.toString());
        }
    }

    @Test
    void pictureDamagedAfterItWasListed() throws Exception {
        Path copies = copyOfPictures("damaged-pictures");
        EmbeddedPictures dataset = new EmbeddedPictures(folder.resolve("damaged"));
        Path victim = copies.resolve("000050.jpg");
        byte[] sound = Files.readAllBytes(victim);
        String uri = victim.toUri().toString();
        try (Job job = new Job(dataset, arguments(dataset, copies))) {
            job.awaitWaves(1);
            Files.write(victim, Arrays.copyOf(sound, sound.length / 3));
            job.awaitSuccess();
        }
        assertThat(dataset.uris("failures")).containsValue(uri);
        assertThat(dataset.uris("images")).doesNotContainValue(uri);

        Files.write(victim, sound);
        List<String> again = new ArrayList<>(arguments(dataset, copies));
        again.add("--retry-failed");
        Command.run(folder.resolve("damaged-again.log"), cluster.submitEmbed(SPECULATION, again));
        assertThat(namesById(dataset, "images")).isEqualTo(namesById(undisturbed, "images"));
        assertThat(namesById(dataset, "failures")).isEqualTo(namesById(undisturbed, "failures"));
    }

    /** Every task that is not the first to end is run once more. */
    private static final List<String> SPECULATION = List.of(
            "spark.speculation=true",
            "spark.speculation.interval=5ms",
            "spark.speculation.multiplier=0.01",
            "spark.speculation.quantile=0.1",
            "spark.speculation.minTaskRuntime=1ms");

    private static List<String> embed(EmbeddedPictures dataset) {
        return cluster.submitEmbed(settings(dataset), arguments(dataset, pictures));
    }

    private static List<String> settings(EmbeddedPictures dataset) {
        List<String> settings = new ArrayList<>(SPECULATION);
        settings.addAll(List.of("spark.eventLog.enabled=true", "spark.eventLog.dir=" + events(dataset)));
        return settings;
    }

    private static Path events(EmbeddedPictures dataset) {
        try {
            return Files.createDirectories(
                    folder.resolve("events-" + dataset.dataset().getFileName()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> arguments(EmbeddedPictures dataset, Path input) {
        return List.of(
                "--input",
                input.toString(),
                "--output",
                dataset.dataset().toString(),
                "--model",
                Repository.root().resolve("demo/model").toString(),
                "--wave-size",
                "6");
    }

    private static Job start(EmbeddedPictures dataset) {
        return new Job(dataset, arguments(dataset, pictures));
    }

    /** A run on the cluster that is being disturbed. */
    private static final class Job implements AutoCloseable {
        private final EmbeddedPictures dataset;
        private final Path log;
        private final Process process;

        Job(EmbeddedPictures dataset, List<String> arguments) {
            this.dataset = dataset;
            this.log = folder.resolve(dataset.dataset().getFileName() + ".log");
            this.process = Command.start(log, cluster.submitEmbed(settings(dataset), arguments));
        }

        void awaitWaves(int waves) {
            SparkCluster.await(waves + " committed waves", () -> {
                assertThat(process.isAlive()).as(() -> Command.tail(log)).isTrue();
                return dataset.waves() >= waves;
            });
        }

        void awaitSuccess() throws InterruptedException {
            assertThat(process.waitFor(300, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(() -> Command.tail(log)).isZero();
        }

        void kill() throws InterruptedException {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }

        @Override
        public void close() throws InterruptedException {
            kill();
        }
    }

    /** How often Spark ran a task a second time, by its own account. */
    private static long speculativeTasks(EmbeddedPictures dataset) throws IOException {
        long count = 0;
        try (Stream<Path> logs = Files.list(events(dataset))) {
            for (Path log : logs.toList()) {
                try (Stream<String> lines = Files.lines(log)) {
                    count += lines.filter(line -> line.contains("\"Event\":\"SparkListenerTaskEnd\"")
                                    && line.contains("\"Speculative\":true"))
                            .count();
                }
            }
        }
        return count;
    }

    private static Path copyOfPictures(String name) throws IOException {
        Path copies = Files.createDirectories(folder.resolve(name));
        try (Stream<Path> files = Files.list(pictures)) {
            for (Path file : files.toList()) {
                if (Files.isSymbolicLink(file)) {
                    Files.createSymbolicLink(copies.resolve(file.getFileName()), Files.readSymbolicLink(file));
                } else {
                    Files.copy(file, copies.resolve(file.getFileName()));
                }
            }
        }
        return copies;
    }

    private static Map<Long, String> namesById(EmbeddedPictures dataset, String table) {
        Map<Long, String> names = new HashMap<>();
        dataset.uris(table).forEach((id, uri) -> names.put(id, uri.substring(uri.lastIndexOf('/') + 1)));
        return names;
    }

    private static int status(String... command) {
        return Command.status(folder.resolve(command[0] + ".log"), List.of(command));
    }
}
