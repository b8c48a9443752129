package org.imagesearch.benchmarks;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Before a server that sends back what it is sent. */
class FaultyProxyTest {
    private static final int LONG_MILLIS = 10_000;
    private static final int SHORT_MILLIS = 100;

    private ServerSocket server;
    private FaultyProxy proxy;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        Thread echo = new Thread(this::echoAll, "echo");
        echo.setDaemon(true);
        echo.start();
        proxy = FaultyProxy.to((InetSocketAddress) server.getLocalSocketAddress(), 1);
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        server.close();
    }

    private void echoAll() {
        while (true) {
            try {
                Socket client = server.accept();
                Thread echo = new Thread(() -> echo(client), "echo-one");
                echo.setDaemon(true);
                echo.start();
            } catch (IOException e) {
                return; // Closed.
            }
        }
    }

    private static void echo(Socket client) {
        try (client) {
            client.getInputStream().transferTo(client.getOutputStream());
        } catch (IOException e) {
            // Cut, as a test wants it.
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(proxy.address().getAddress(), proxy.address().getPort());
        socket.setSoTimeout(LONG_MILLIS);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(US_ASCII));
    }

    private static String receive(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), US_ASCII);
    }

    @Test
    void passesBothDirectionsOnAndTheirEnds() throws IOException {
        try (Socket socket = connect()) {
            String text = "word ".repeat(20_000);
            send(socket, text);
            assertThat(receive(socket, text.length())).isEqualTo(text);
            socket.shutdownOutput();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        assertThat(proxy.accepted()).isEqualTo(1);
    }

    @Test
    void whatIsHeldGoesOnLater() throws IOException {
        try (Socket socket = connect()) {
            send(socket, "before");
            assertThat(receive(socket, 6)).isEqualTo("before");
            proxy.pause();
            send(socket, "after");
            socket.setSoTimeout(SHORT_MILLIS);
            assertThatThrownBy(() -> receive(socket, 5)).isInstanceOf(SocketTimeoutException.class);
            proxy.pass();
            socket.setSoTimeout(LONG_MILLIS);
            assertThat(receive(socket, 5)).isEqualTo("after");
        }
    }

    @Test
    void slowPiecesTakeTheirTimeInBothDirections() throws IOException {
        try (Socket socket = connect()) {
            proxy.slow(Duration.ofMillis(60));
            long begin = System.nanoTime();
            send(socket, "slow");
            assertThat(receive(socket, 4)).isEqualTo("slow");
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(Duration.ofMillis(120));
        }
    }

    @Test
    void garbageIsAsLongAsTheAnswer() throws IOException {
        try (Socket socket = connect()) {
            proxy.garble();
            send(socket, "an answer that nobody can read");
            assertThat(receive(socket, 30)).hasSize(30).isNotEqualTo("an answer that nobody can read");
        }
    }

    @Test
    void aCutEndsWhatIsOpenAndRefusesWhatComesUntilItIsMended() throws IOException {
        try (Socket socket = connect()) {
            send(socket, "before");
            assertThat(receive(socket, 6)).isEqualTo("before");
            proxy.cut();
            assertThatThrownBy(() -> receive(socket, 1)).isInstanceOf(SocketException.class);
        }
        assertThatThrownBy(() -> {
                    try (Socket socket = connect()) {
                        send(socket, "during");
                        if (receive(socket, 6).isEmpty()) {
                            throw new SocketException("closed");
                        }
                    }
                })
                .isInstanceOf(SocketException.class);
        proxy.pass();
        try (Socket socket = connect()) {
            send(socket, "later");
            assertThat(receive(socket, 5)).isEqualTo("later");
        }
    }
}
