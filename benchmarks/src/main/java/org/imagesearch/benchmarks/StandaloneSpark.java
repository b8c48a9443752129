package org.imagesearch.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.imagesearch.core.ImageSearchException;

/** A Spark cluster on 127.0.0.1 of a master and some workers of one processor. Closing it ends every process of it. */
final class StandaloneSpark implements AutoCloseable {
    private static final long LIMIT_NANOS = TimeUnit.MINUTES.toNanos(2);
    private static final int LOOK_MILLIS = 100;

    private final Path folder;
    private final String name;
    private final int port;
    private final List<Process> processes = new ArrayList<>();
    private final Thread killer = new Thread(this::end, "end-spark");

    private StandaloneSpark(Path folder, String name, int port) {
        this.folder = folder;
        this.name = name;
        this.port = port;
        Runtime.getRuntime().addShutdownHook(killer);
    }

    static StandaloneSpark start(WorkFolder work, String name, int workers) throws IOException, InterruptedException {
        StandaloneSpark spark = new StandaloneSpark(work.resolve("."), name, freePort());
        try {
            spark.launch(
                    "master",
                    "org.apache.spark.deploy.master.Master",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    Integer.toString(spark.port),
                    "--webui-port",
                    "0");
            spark.awaitMaster();
            for (int worker = 0; worker < workers; worker++) {
                spark.launch(
                        "worker-" + worker,
                        "org.apache.spark.deploy.worker.Worker",
                        "--host",
                        "127.0.0.1",
                        "--webui-port",
                        "0",
                        "--cores",
                        "1",
                        "--memory",
                        "1g",
                        "--work-dir",
                        spark.folder.resolve("spark-" + name + "-" + worker).toString(),
                        spark.master());
            }
            return spark;
        } catch (IOException | InterruptedException | RuntimeException e) {
            spark.close();
            throw e;
        }
    }

    String master() {
        return "spark://127.0.0.1:" + port;
    }

    private void launch(String part, String... classAndArguments) throws IOException {
        Path log = folder.resolve("spark-" + name + "-" + part + ".log");
        processes.add(new ProcessBuilder(SparkJars.java(List.of(), classAndArguments))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start());
    }

    private void awaitMaster() throws InterruptedException {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < LIMIT_NANOS) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                if (socket.isConnected()) {
                    return;
                }
            } catch (IOException e) {
                TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            }
        }
        throw ImageSearchException.resource("Spark's master does not listen on port %d", port);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private void end() {
        for (Process process : processes) {
            // Executors are children of their worker, and outlive it if they are not ended with it.
            List<ProcessHandle> children = process.descendants().toList();
            process.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
        }
    }

    @Override
    public void close() {
        Runtime.getRuntime().removeShutdownHook(killer);
        end();
    }
}
