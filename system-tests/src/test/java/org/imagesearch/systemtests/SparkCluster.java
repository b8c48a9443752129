package org.imagesearch.systemtests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * A standalone Spark cluster on loopback addresses, of the jars that Maven put together: a master and two workers of one core. Closing it
 * ends every process of it, executors too.
 */
final class SparkCluster implements AutoCloseable {
    /** Ten times what it takes on two idle cores: other tests may be at work beside this one. */
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);
    private static final int WORKERS = 2;

    private final Path folder;
    private final int port = freePort();
    private final List<Process> processes = new ArrayList<>();
    private final List<Process> workers = new ArrayList<>();

    private SparkCluster(Path folder) {
        this.folder = folder;
    }

    /** Starts a cluster whose logs, scratch and work folders lie in a folder, and waits until its workers have registered. */
    static SparkCluster start(Path folder) {
        SparkCluster cluster = new SparkCluster(folder);
        try {
            Files.createDirectories(folder);
            cluster.startMaster();
            for (int worker = 0; worker < WORKERS; worker++) {
                cluster.workers.add(cluster.launchWorker(worker));
            }
            return cluster;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException | Error e) {
            cluster.close();
            throw e;
        }
    }

    String master() {
        return "spark://127.0.0.1:" + port;
    }

    /** Runs a Java program with Spark's jars and this cluster's environment, before its arguments the JVM options of bin/. */
    List<String> spark(String... classAndArguments) {
        Path root = Repository.root();
        List<String> command = new ArrayList<>(List.of(
                "env",
                "SPARK_LOCAL_IP=127.0.0.1",
                "SPARK_LOCAL_DIRS=" + folder.resolve("scratch"),
                "SPARK_HOME=" + home(),
                "SPARK_SCALA_VERSION=2.12",
                "CLASSPATH=" + home() + "/jars/*",
                "java",
                "-Xmx512m",
                "@" + root.resolve("bin/lib/spark-java-options"),
                "-Dlog4j2.configurationFile=file:" + root.resolve("conf/log4j2.properties")));
        command.addAll(List.of(classAndArguments));
        return command;
    }

    /**
     * Submits {@code bin/embed}'s program as a user's own spark-submit does.
     *
     * @param settings of Spark, {@code key=value}
     */
    List<String> submitEmbed(List<String> settings, List<String> arguments) {
        List<String> submit = new ArrayList<>(List.of("org.apache.spark.deploy.SparkSubmit", "--master", master()));
        for (String setting : settings) {
            submit.addAll(List.of("--conf", setting));
        }
        submit.addAll(List.of("--class", "org.imagesearch.embed.EmbedCommand", embedProgram()));
        submit.addAll(arguments);
        return spark(submit.toArray(String[]::new));
    }

    private static String embedProgram() {
        Path target = Repository.root().resolve("spark-embed/target");
        try (Stream<Path> files = Files.list(target)) {
            return files.filter(file -> file.getFileName().toString().endsWith("-all.jar"))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(target + " has no program: run mvn verify from the root"))
                    .toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command of bin/ on this cluster; {@code --master} is added. */
    List<String> bin(String name, String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                "env", "SPARK_LOCAL_IP=127.0.0.1", "SPARK_LOCAL_DIRS=" + folder.resolve("scratch"), "bin/" + name));
        command.addAll(List.of("--master", master()));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Work folders of executors, of the programs that ran so far. */
    List<Path> executors() {
        List<Path> executors = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
            Path work = work(worker);
            if (Files.isDirectory(work)) {
                try (Stream<Path> all = Files.walk(work, 2)) {
                    all.filter(path -> work.relativize(path).getNameCount() == 2)
                            .filter(Files::isDirectory)
                            .forEach(executors::add);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return executors;
    }

    /** Kills the executors of the first worker, without warning. */
    void killExecutorsOfFirstWorker() {
        List<ProcessHandle> executors = workers.get(0).descendants().toList();
        if (executors.isEmpty()) {
            throw new AssertionError("the first worker has no executor");
        }
        executors.forEach(ProcessHandle::destroyForcibly);
    }

    /** Ends every process of the first worker at once, as when its machine fails, and puts another in its place. */
    void replaceFirstWorker() {
        List<ProcessHandle> machine =
                new ArrayList<>(workers.get(0).descendants().toList());
        if (machine.isEmpty()) {
            throw new AssertionError("the first worker has no executor");
        }
        machine.add(workers.get(0).toHandle());
        machine.forEach(ProcessHandle::destroyForcibly);
        await("the end of the first worker", () -> machine.stream().noneMatch(ProcessHandle::isAlive));
        workers.set(0, launchWorker(0));
    }

    /** Waits until something is so, at most five minutes. */
    static void await(String what, BooleanSupplier condition) {
        Instant deadline = Instant.now().plus(LIMIT);
        while (!condition.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError("not within " + LIMIT + ": " + what);
            }
            try {
                Thread.sleep(BETWEEN_LOOKS.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted while waiting: " + what, e);
            }
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> all = new ArrayList<>();
        for (Process process : processes) {
            // Executors are children of their worker, and outlive it if they are not ended with it.
            process.descendants().forEach(all::add);
            all.add(process.toHandle());
        }
        all.forEach(ProcessHandle::destroyForcibly);
        await("the end of the cluster's processes", () -> all.stream().noneMatch(ProcessHandle::isAlive));
    }

    private void startMaster() {
        Process master = launch(
                "master",
                spark(
                        "org.apache.spark.deploy.master.Master",
                        "--host",
                        "127.0.0.1",
                        "--port",
                        String.valueOf(port),
                        "--webui-port",
                        "0"));
        await("a master that listens", () -> {
            requireAlive(master, "master");
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return socket.isConnected();
            } catch (IOException e) {
                return false;
            }
        });
    }

    /** Each on a host of its own, since Spark tries a slow task again on another host only. */
    private Process launchWorker(int number) {
        return launch(
                "worker" + number,
                spark(
                        "org.apache.spark.deploy.worker.Worker",
                        "--host",
                        "127.0.0." + (number + 1),
                        "--webui-port",
                        "0",
                        "--cores",
                        "1",
                        "--memory",
                        "1g",
                        "--properties-file",
                        workerSettings().toString(),
                        "--work-dir",
                        work(number).toString(),
                        master()));
    }

    /** Every worker says that it has a GPU, as far as Spark's book-keeping goes. */
    private Path workerSettings() {
        try {
            Path script = folder.resolve("gpus.sh");
            Files.writeString(script, "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"0\"]}'\n");
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
            return Files.writeString(
                    folder.resolve("worker.conf"),
                    "spark.worker.resource.gpu.amount 1\nspark.worker.resource.gpu.discoveryScript " + script + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path work(int worker) {
        return folder.resolve("work" + worker);
    }

    private Process launch(String name, List<String> command) {
        Process process = Command.start(folder.resolve(name + ".log"), command);
        processes.add(process);
        return process;
    }

    private void requireAlive(Process process, String name) {
        if (!process.isAlive()) {
            throw new AssertionError(name + " ended:\n" + Command.tail(folder.resolve(name + ".log")));
        }
    }

    private static Path home() {
        return Repository.root().resolve("spark-home/target/home");
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port", e);
        }
    }
}
