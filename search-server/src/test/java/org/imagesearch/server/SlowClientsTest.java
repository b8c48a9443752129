package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clients that take their time hold nothing for ever. */
class SlowClientsTest {
    private static final int TIMEOUT_MILLIS = 20_000;

    /** More than the buffers of both ends take. */
    private static final int LARGE_BYTES = 64 << 20;

    private static final int RECEIVE_BUFFER_BYTES = 16 << 10;
    private static final byte[] ASKS_FOR_A_LARGE_PICTURE =
            "GET /images/1000 HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8);

    @TempDir
    static Path folder;

    @BeforeAll
    static void publishWithALargePicture() throws IOException {
        SmallIndex index = SmallIndex.publish(folder, 1, 91, 60, 1);
        Path file = Path.of(URI.create(index.item(1000).row().uri()));
        Files.write(file, new byte[LARGE_BYTES], StandardOpenOption.APPEND);
    }

    @Test
    void whoNeverReadsItsAnswerIsCutOffAndLeavesItsPlace() throws IOException {
        try (SearchServer server = TestServers.start(folder, Map.of("http.write-timeout", "200 ms"));
                Socket socket = connect(server)) {
            Visitor visitor = new Visitor(server.address());
            socket.getOutputStream().write(ASKS_FOR_A_LARGE_PICTURE);

            TestServers.await(
                    "it is cut off",
                    () -> visitor.metric("imagesearch_turned_away_total{reason=\"slow_reader\"}") == 1);

            TestServers.await("its place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);
            assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);
        }
    }

    @Test
    void whoReadsSlowlyButReadsGetsTheWholeAnswer() throws IOException {
        try (SearchServer server = TestServers.start(folder, Map.of("http.write-timeout", "3 s"));
                Socket socket = connect(server)) {
            Visitor visitor = new Visitor(server.address());
            socket.getOutputStream().write(ASKS_FOR_A_LARGE_PICTURE);
            InputStream in = socket.getInputStream();
            long read = 0;
            while (read < LARGE_BYTES) {
                // Something else in between, so that the server waits for this reader again and again.
                visitor.get("/healthz");
                int more = in.readNBytes(1 << 20).length;
                assertThat(more).as("read until now: " + read).isPositive();
                read += more;
            }
            assertThat(visitor.metric("imagesearch_turned_away_total{reason=\"slow_reader\"}"))
                    .isZero();
        }
    }

    @Test
    void aHeadThatDoesNotEndIsCutOffHoweverItDrips() throws IOException {
        try (SearchServer server = TestServers.start(folder, Map.of("http.head-timeout", "300 ms"));
                Socket socket = connect(server)) {
            socket.getOutputStream().write("GET /search?text=a HTTP/1.1\r\nX-Slow: ".getBytes(UTF_8));

            assertThat(isCutOffWhileItDrips(socket)).isTrue();
        }
    }

    /** Sends a byte now and then; the pause is the time for which the answer is waited for. */
    private static boolean isCutOffWhileItDrips(Socket socket) throws IOException {
        socket.setSoTimeout(20);
        long end = System.nanoTime() + TIMEOUT_MILLIS * 1_000_000L;
        while (System.nanoTime() < end) {
            try {
                socket.getOutputStream().write('x');
                if (socket.getInputStream().read() < 0) {
                    return true;
                }
            } catch (SocketTimeoutException e) {
                // Not yet.
            } catch (IOException e) {
                return true;
            }
        }
        return false;
    }

    @Test
    void aConnectionOnWhichNothingHappensIsClosed() throws IOException {
        try (SearchServer server = TestServers.start(folder, Map.of("http.idle-timeout", "200 ms"));
                Socket answered = connect(server);
                Socket silent = connect(server)) {
            answered.getOutputStream().write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8));
            assertThat(new String(answered.getInputStream().readAllBytes(), UTF_8))
                    .startsWith("HTTP/1.1 200 OK");

            assertThat(silent.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aBodyThatDripsIsCutOff() throws IOException {
        try (SearchServer server = TestServers.start(folder, Map.of("http.body-timeout", "200 ms"));
                Socket socket = connect(server)) {
            Visitor visitor = new Visitor(server.address());
            socket.getOutputStream()
                    .write(
                            "POST /search HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 100000\r\n\r\n"
                                    .getBytes(UTF_8));

            assertThat(isCutOffWhileItDrips(socket)).isTrue();

            assertThat(visitor.metric("imagesearch_turned_away_total{reason=\"slow_body\"}"))
                    .isPositive();
            TestServers.await("its place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);
        }
    }

    private static Socket connect(SearchServer server) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(RECEIVE_BUFFER_BYTES);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        socket.connect(new InetSocketAddress(
                server.address().getHost(), server.address().getPort()));
        return socket;
    }
}
