package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.imagesearch.embed.EmbedSettings.HttpSettings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class HttpPicturesTest {
    private static final int LIMIT = 100_000;

    private HttpServer server;
    private ExecutorService threads;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicLong sent = new AtomicLong();

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        threads = Executors.newCachedThreadPool();
        server.setExecutor(threads);
        server.createContext("/ok", exchange -> answer(exchange, 200, new byte[] {1, 2, 3}));
        server.createContext("/a b", exchange -> answer(exchange, 200, new byte[] {9}));
        server.createContext("/gone", exchange -> answer(exchange, 404, new byte[1]));
        server.createContext("/broken", exchange -> answer(exchange, 503, new byte[1]));
        server.createContext("/announced", exchange -> answer(exchange, 200, new byte[LIMIT + 1]));
        server.createContext("/endless", this::endless);
        server.createContext("/silent", exchange -> await());
        server.createContext("/trickle", exchange -> {
            exchange.sendResponseHeaders(200, 1_000);
            exchange.getResponseBody().write(1);
            exchange.getResponseBody().flush();
            await();
        });
        server.createContext("/redirect", exchange -> redirect(exchange, "/ok"));
        server.createContext("/circle", exchange -> redirect(exchange, "/circle"));
        server.createContext("/nowhere", exchange -> answer(exchange, 302, new byte[0]));
        server.createContext("/inside", exchange -> redirect(exchange, "http://127.0.0.2:" + port() + "/ok"));
        server.createContext("/file", exchange -> redirect(exchange, "file:///etc/passwd"));
        server.start();
    }

    @AfterEach
    void stop() {
        ended.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    @Test
    void pictureIsRead() throws IOException {
        assertThat(pictures().read(uri("/ok"), LIMIT)).containsExactly(1, 2, 3);
        assertThat(pictures().read(uri("/ok#part"), 3)).containsExactly(1, 2, 3);
        assertThat(pictures().read(uri("/a%20b"), LIMIT)).containsExactly(9);
        assertThat(pictures().read(uri("/redirect"), LIMIT)).containsExactly(1, 2, 3);
    }

    @Test
    void otherAnswersAreFailuresThatSayWhich() {
        assertFailure("/gone", "http_404");
        assertFailure("/broken", "http_503");
        assertFailure("/circle", "redirects");
        assertFailure("/nowhere", "redirects");
        assertFailure("/file", "bad_uri");
    }

    @Test
    void largePictureIsGivenUpBeforeItIsLoaded() {
        assertFailure("/announced", "too_large");
        assertFailure("/endless", "too_large");
        assertThat(sent.get()).isLessThan(100L * LIMIT);
    }

    @Test
    void serverThatDoesNotAnswerOrNotToTheEndIsLeftInTime() {
        long begin = System.nanoTime();
        assertFailure("/silent", "timeout");
        assertFailure("/trickle", "timeout");
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(20));
    }

    @Test
    void hostsThatAreNotPublicAreRefusedAlsoBehindARedirect() {
        assertThatThrownBy(() ->
                        new HttpPictures(new HttpSettings(true, List.of(), 1_000_000_000L)).read(uri("/ok"), LIMIT))
                .hasMessageContaining("127.0.0.1 is at 127.0.0.1, which is no public address");
        assertFailure("/inside", "forbidden_host");
    }

    @Test
    void nothingIsReadUnlessItIsAllowed() {
        assertThatThrownBy(() ->
                        new HttpPictures(new HttpSettings(false, List.of("*"), 1_000_000_000L)).read(uri("/ok"), LIMIT))
                .hasMessageContaining("--allow-http");
    }

    @Test
    void addressesThatLeadNowhereAreFailures() {
        for (String uri : List.of("http://", "http:///a.jpg", "http://a b/c", "http://127.0.0.1:99999999/")) {
            assertThatThrownBy(() -> pictures().read(uri, LIMIT))
                    .as(uri)
                    .isInstanceOfSatisfying(
                            ReadFailure.class, e -> assertThat(e.error()).isEqualTo("bad_uri"));
        }
    }

    private void assertFailure(String path, String error) {
        assertThatThrownBy(() -> pictures().read(uri(path), LIMIT))
                .as(path)
                .isInstanceOfSatisfying(
                        ReadFailure.class, e -> assertThat(e.error()).isEqualTo(error));
    }

    private HttpPictures pictures() {
        return new HttpPictures(new HttpSettings(true, List.of("127.0.0.1"), TimeUnit.SECONDS.toNanos(2)));
    }

    private int port() {
        return server.getAddress().getPort();
    }

    private String uri(String path) {
        return "http://127.0.0.1:" + port() + path;
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        try (exchange) {
            exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static void redirect(HttpExchange exchange, String location) throws IOException {
        exchange.getResponseHeaders().add("Location", location);
        answer(exchange, 302, new byte[0]);
    }

    private void endless(HttpExchange exchange) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            while (ended.getCount() > 0) {
                out.write(new byte[10_000]);
                sent.addAndGet(10_000);
            }
        }
    }

    private void await() {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
