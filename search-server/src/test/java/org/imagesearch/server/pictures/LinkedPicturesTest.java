package org.imagesearch.server.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.imagesearch.core.settings.Bytes;
import org.imagesearch.server.query.Deadline;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures by their addresses, from a host on this machine. */
class LinkedPicturesTest {
    private static final byte[] PICTURE = {1, 2, 3, 4, 5};
    private static final int MOST = 1000;
    private static final Deadline FAR = Deadline.in(Duration.ofMinutes(5));

    private final AtomicInteger asked = new AtomicInteger();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private HttpServer host;
    private String name;

    @BeforeEach
    void startTheHost() throws IOException {
        host = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        host.setExecutor(threads);
        host.createContext("/picture", exchange -> answer(exchange, 200, PICTURE.length, PICTURE));
        host.createContext("/missing", exchange -> answer(exchange, 404, PICTURE.length, PICTURE));
        host.createContext("/moved", exchange -> {
            exchange.getResponseHeaders().add("Location", "/picture");
            answer(exchange, 302, -1, new byte[0]);
        });
        host.createContext("/endless", exchange -> drip(exchange, new byte[100], Duration.ZERO));
        host.createContext("/slow", exchange -> drip(exchange, new byte[1], Duration.ofMillis(20)));
        host.createContext("/silent", exchange -> await());
        host.start();
        name = "localhost:" + host.getAddress().getPort();
    }

    @AfterEach
    void stopTheHost() {
        ended.countDown();
        host.stop(0);
        threads.shutdownNow();
    }

    private void answer(HttpExchange exchange, int status, int length, byte[] body) throws IOException {
        asked.incrementAndGet();
        exchange.sendResponseHeaders(status, length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private void drip(HttpExchange exchange, byte[] drop, Duration pause) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            while (!ended.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
                out.write(drop);
                out.flush();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void await() {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private LinkedPictures linked(List<String> hosts, boolean privateAddresses, Duration timeout, int atOnce) {
        return new LinkedPictures(new LinkSettings(hosts, privateAddresses, timeout, atOnce), new Bytes(MOST));
    }

    private LinkedPictures ofTheHost(Duration timeout, int atOnce) {
        return linked(List.of(name), true, timeout, atOnce);
    }

    private static void refused(LinkedPictures pictures, String address, Problem problem, String... message) {
        assertThatExceptionOfType(RequestException.class)
                .isThrownBy(() -> pictures.fetch("image_url", address, FAR))
                .withMessageContainingAll(message)
                .satisfies(refusal -> assertThat(refusal.problem()).isEqualTo(problem));
    }

    @Test
    void aPictureOfAHostThatIsAllowedIsFetched() {
        try (LinkedPictures pictures = ofTheHost(Duration.ofSeconds(20), 4)) {
            for (int i = 0; i < 10; i++) {
                assertThat(pictures.fetch("image_url", "http://" + name + "/picture?x=1#y", FAR))
                        .isEqualTo(PICTURE);
            }
            assertThat(pictures.fetch("image_url", "HTTP://LOCALHOST" + name.substring(9) + "/picture", FAR))
                    .isEqualTo(PICTURE);
        }
    }

    @Test
    void withoutHostsNothingIsFetched() {
        try (LinkedPictures pictures = linked(List.of(), true, Duration.ofSeconds(20), 4)) {
            refused(pictures, "http://" + name + "/picture", Problem.BAD_REQUEST, "image_url is not followed");
        }
        assertThat(asked).hasValue(0);
    }

    @Test
    void aNameThatLeadsToThisMachineIsNotFollowed() {
        try (LinkedPictures pictures = linked(List.of(name), false, Duration.ofSeconds(20), 4)) {
            refused(
                    pictures,
                    "http://" + name + "/picture",
                    Problem.BAD_REQUEST,
                    "'localhost' is in no public network");
        }
        assertThat(asked).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.1/x.png",
                "http://localhost/x.png",
                "http://localhost:1/x.png",
                "http://images.example.org.evil.example/x.png",
                "http://evil-images.example.org/x.png",
                "https://[::1]/x.png",
                "https://images.example.org:444/x.png",
                "http://images.example.org:443/x.png",
            })
    void otherHostsAreNamedAndNotAsked(String address) {
        List<String> hosts = List.of(name, "images.example.org");
        try (LinkedPictures pictures = linked(hosts, true, Duration.ofSeconds(20), 4)) {
            refused(pictures, address, Problem.BAD_REQUEST, "names the host", "fetches nothing");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "x.png",
                "//images.example.org/x.png",
                "file:///etc/passwd",
                "ftp://images.example.org/x.png",
                "jar:https://images.example.org/x.jar!/x.png",
                "https://images.example.org@127.0.0.1/x.png",
                "https:images.example.org",
                "https://images.example.org\\@127.0.0.1/",
                "https://images.example.org/ x",
                "http://\u0131mages.example.org/x.png",
            })
    void whatIsNoAddressOfAPictureIsNotFollowed(String address) {
        try (LinkedPictures pictures = linked(List.of("images.example.org"), true, Duration.ofSeconds(20), 4)) {
            refused(pictures, address, Problem.BAD_REQUEST, "image_url is no address of a picture");
        }
    }

    @ParameterizedTest
    @CsvSource({"missing, 404", "moved, 302", "nowhere, 404"})
    void whatIsNoPictureIsTold(String path, int status) {
        try (LinkedPictures pictures = ofTheHost(Duration.ofSeconds(20), 4)) {
            refused(pictures, "http://" + name + "/" + path, Problem.BAD_REQUEST, "answers " + status);
        }
    }

    @Test
    void aRedirectIsNotFollowed() {
        try (LinkedPictures pictures = ofTheHost(Duration.ofSeconds(20), 4)) {
            refused(pictures, "http://" + name + "/moved", Problem.BAD_REQUEST, "no redirect");
        }
        assertThat(asked).hasValue(1);
    }

    @Test
    void moreBytesThanAPictureMayHaveAreNotRead() {
        try (LinkedPictures pictures = ofTheHost(Duration.ofMinutes(1), 4)) {
            refused(pictures, "http://" + name + "/endless", Problem.TOO_LARGE, "larger than " + MOST + " bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"slow", "silent"})
    void aHostThatTakesItsTimeIsLeft(String path) {
        try (LinkedPictures pictures = ofTheHost(Duration.ofMillis(300), 4)) {
            refused(pictures, "http://" + name + "/" + path, Problem.BAD_REQUEST, "no picture in 300 ms");
        }
    }

    @Test
    void aHostThatIsNotThereIsToldWithoutItsAddress() {
        host.stop(0);
        try (LinkedPictures pictures = ofTheHost(Duration.ofSeconds(20), 4)) {
            assertThatExceptionOfType(RequestException.class)
                    .isThrownBy(() -> pictures.fetch("image_url", "http://" + name + "/picture", FAR))
                    .withMessage("the host of image_url gives no picture");
        }
    }

    @Test
    void onlySoManyAreFetchedAtOnce() {
        try (LinkedPictures pictures = ofTheHost(Duration.ofSeconds(30), 1)) {
            CompletableFuture<Void> first = CompletableFuture.runAsync(
                    () -> refused(pictures, "http://" + name + "/slow", Problem.TOO_LARGE, "larger than"), threads);
            while (!first.isDone() && !isRefusedForOthers(pictures)) {
                Thread.onSpinWait();
            }
            ended.countDown();
        }
    }

    private boolean isRefusedForOthers(LinkedPictures pictures) {
        try {
            pictures.fetch("image_url", "http://" + name + "/picture", FAR);
            return false;
        } catch (RequestException e) {
            assertThat(e.problem()).isEqualTo(Problem.UNAVAILABLE);
            assertThat(e).hasMessageContaining("1 pictures are being fetched already");
            return true;
        }
    }
}
