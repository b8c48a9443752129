package org.imagesearch.systemtests;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A server started as users start it, on a free port of this machine. Closing it ends the process. */
public final class RunningServer implements AutoCloseable {
    private static final Duration READY_WITHIN = Duration.ofSeconds(90);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);
    private static final Duration STOPPED_WITHIN = Duration.ofSeconds(20);

    private final Process process;
    private final URI address;

    private RunningServer(Process process, URI address) {
        this.process = process;
        this.address = address;
    }

    /**
     * Starts {@code bin/serve} over an index and waits until it is ready.
     *
     * @param options besides index, model and port
     * @throws AssertionError if it ends or is not ready in time; the message ends with its last lines
     */
    public static RunningServer over(DemoIndex demo, String... options) {
        int port = freePort();
        Path log = Repository.target().resolve("serve-" + port + ".log");
        List<String> command = new ArrayList<>(List.of(
                "bin/serve",
                "--index",
                demo.index().toString(),
                "--model",
                demo.model().toString(),
                "--port",
                String.valueOf(port)));
        command.addAll(List.of(options));
        Process process = Command.start(log, command);
        RunningServer server = new RunningServer(process, URI.create("http://127.0.0.1:" + port + "/"));
        try {
            server.awaitReady(log);
            return server;
        } catch (RuntimeException | Error e) {
            server.close();
            throw e;
        }
    }

    /** {@code http://127.0.0.1:port/}. */
    public URI address() {
        return address;
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        try {
            if (!process.waitFor(STOPPED_WITHIN.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private void awaitReady(Path log) {
        HttpRequest request = HttpRequest.newBuilder(address.resolve("readyz"))
                .timeout(Duration.ofSeconds(5))
                .build();
        HttpClient client = HttpClient.newHttpClient();
        Instant deadline = Instant.now().plus(READY_WITHIN);
        while (Instant.now().isBefore(deadline)) {
            if (!process.isAlive()) {
                throw new AssertionError("bin/serve ended with " + process.exitValue() + ":\n" + Command.tail(log));
            }
            if (answersOk(client, request)) {
                return;
            }
            pause();
        }
        throw new AssertionError("bin/serve was not ready within " + READY_WITHIN + ":\n" + Command.tail(log));
    }

    private static boolean answersOk(HttpClient client, HttpRequest request) {
        try {
            return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false; // Not listening yet.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while the server started", e);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(BETWEEN_LOOKS.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while the server started", e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port", e);
        }
    }
}
