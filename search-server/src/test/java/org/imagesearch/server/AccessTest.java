package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.imagesearch.server.Visitor.Reply;
import org.imagesearch.server.access.ApiKey;
import org.imagesearch.server.access.Role;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in, how often, and how many at once: keys, rates, connections, over real sockets. */
class AccessTest {
    private static final String SEARCHER = "a secret of the page";
    private static final String ADMINISTRATOR = "a secret of operations";

    /** Of everything that tells of pictures, one each. */
    private static final List<String> NEEDING_A_KEY = List.of(
            "/search?text=a",
            "/images/1000",
            "/thumbnails/1000",
            "/vectors/1000",
            "/info",
            "/indices-list",
            "/metrics",
            "/metrics-summary",
            "/config.json");

    @TempDir
    Path folder;

    private Path keys;

    @BeforeEach
    void publish() throws IOException {
        SmallIndex.publish(folder.resolve("index"), 1, 31, 60, 1);
        keys = Files.writeString(
                folder.resolve("keys"),
                "# name role sha256\n"
                        + ApiKey.of("page", Role.SEARCH, SEARCHER).line() + "\n"
                        + ApiKey.of("ops", Role.ADMIN, ADMINISTRATOR).line() + "\n");
    }

    private SearchServer start(Map<String, String> settings) {
        return TestServers.start(folder.resolve("index"), settings);
    }

    private SearchServer startWithKeys() {
        return start(Map.of("access.keys", keys.toString()));
    }

    @Test
    void withKeysNobodySearchesWithoutOne() {
        try (SearchServer server = startWithKeys()) {
            Visitor visitor = new Visitor(server.address());
            for (String path : NEEDING_A_KEY) {
                Reply refused = visitor.get(path);
                assertThat(refused.status()).as(path).isEqualTo(401);
                assertThat(refused.header("www-authenticate")).hasValue("Bearer");
                assertThat(refused.errorCode()).isEqualTo("unauthorized");
                assertThat(visitor.head(path).status()).isEqualTo(401);
                assertThat(visitor.with("X-API-Key", "wrong").get(path).status())
                        .isEqualTo(401);
                assertThat(visitor.with("X-API-Key", SEARCHER).get(path).status())
                        .as(path)
                        .isEqualTo(200);
                assertThat(visitor.with("Authorization", "Bearer " + ADMINISTRATOR)
                                .get(path)
                                .status())
                        .as(path)
                        .isEqualTo(200);
            }
            assertThat(visitor.ask("{\"text\":\"a\"}").status()).isEqualTo(401);
            Reply asInClipRetrieval = visitor.post("/knn-service", "application/json", "{}".getBytes(UTF_8));
            assertThat(asInClipRetrieval.status()).isEqualTo(401);
            assertThat(asInClipRetrieval.json().path("message").asText()).contains("a key of this server");
            assertThat(visitor.with("X-API-Key", SEARCHER).metric("imagesearch_turned_away_total{reason=\"no_key\"}"))
                    .isEqualTo(3.0 * NEEDING_A_KEY.size() + 2);
        }
    }

    @Test
    void whatTellsNothingOfPicturesStaysOpen() {
        try (SearchServer server = startWithKeys()) {
            Visitor visitor = new Visitor(server.address());
            for (String path : List.of("/healthz", "/readyz", "/openapi.json", "/", "/app.js", "/page.css")) {
                assertThat(visitor.get(path).status()).as(path).isEqualTo(200);
            }
        }
    }

    @Test
    void aBrowserSeesPicturesByATicketThatOpensNothingElse() {
        try (SearchServer server = startWithKeys()) {
            Visitor visitor = new Visitor(server.address());
            byte[] nothing = new byte[0];
            assertThat(visitor.post("/session", "text/plain", nothing).status()).isEqualTo(401);

            Reply given = visitor.with("X-API-Key", ADMINISTRATOR).post("/session", "text/plain", nothing);

            assertThat(given.status()).isEqualTo(204);
            String cookie = given.header("set-cookie").orElseThrow();
            assertThat(cookie)
                    .containsIgnoringCase("HttpOnly")
                    .containsIgnoringCase("SameSite=Strict")
                    .contains("Max-Age=43200", "; Path=/;")
                    .doesNotContain(ADMINISTRATOR);
            Visitor browser = visitor.with("Cookie", cookie.split(";", 2)[0]);
            assertThat(browser.get("/images/1000").status()).isEqualTo(200);
            assertThat(browser.get("/thumbnails/1000").status()).isEqualTo(200);
            for (String path : List.of("/search?text=a", "/vectors/1000", "/info", "/metrics", "/admin/takedowns")) {
                assertThat(browser.get(path).status()).as(path).isEqualTo(401);
            }
            assertThat(browser.post("/session", "text/plain", nothing).status()).isEqualTo(401);
            assertThat(browser.with("X-API-Key", "wrong").get("/images/1000").status())
                    .isEqualTo(401);
            assertThat(visitor.with("Cookie", "imagesearch-pictures=made.1.up")
                            .get("/images/1000")
                            .status())
                    .isEqualTo(401);
        }
    }

    @Test
    void withoutKeysNobodyNeedsATicket() {
        try (SearchServer server = start(Map.of())) {
            Reply reply = new Visitor(server.address()).post("/session", "text/plain", new byte[0]);

            assertThat(reply.status()).isEqualTo(204);
            assertThat(reply.header("set-cookie")).isEmpty();
        }
    }

    @Test
    void onlyAKeyOfRoleAdminTakesPicturesDown() {
        try (SearchServer server = startWithKeys()) {
            Visitor visitor = new Visitor(server.address());
            byte[] takedown = "{\"id\":1000}".getBytes(UTF_8);

            Reply without = visitor.post("/admin/takedown", "application/json", takedown);
            Reply searcher = visitor.with("X-API-Key", SEARCHER).post("/admin/takedown", "application/json", takedown);
            assertThat(without.status()).isEqualTo(401);
            assertThat(searcher.status()).isEqualTo(403);
            assertThat(searcher.errorMessage()).contains("the key 'page' has the role search, expected admin");
            Visitor administrator = visitor.with("X-API-Key", ADMINISTRATOR);
            assertThat(administrator.get("/images/1000").status()).isEqualTo(200);

            assertThat(administrator
                            .post("/admin/takedown", "application/json", takedown)
                            .status())
                    .isEqualTo(200);
            assertThat(administrator.get("/images/1000").status()).isEqualTo(404);
            assertThat(administrator.metric("imagesearch_turned_away_total{reason=\"role\"}"))
                    .isEqualTo(1);
        }
    }

    @Test
    void theTokenOfTheSettingsIsAKeyToEverything() {
        String token = "a-token-of-some-length";
        try (SearchServer server = start(Map.of("access.keys", keys.toString(), "admin.token", token))) {
            Visitor visitor = new Visitor(server.address()).with("Authorization", "Bearer " + token);

            assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);
            assertThat(visitor.get("/admin/takedowns").status()).isEqualTo(200);
        }
    }

    @Test
    void withoutKeysEverybodySearchesWhateverTheySend() {
        try (SearchServer server = start(Map.of())) {
            Visitor visitor = new Visitor(server.address());

            assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);
            assertThat(visitor.with("Authorization", "Basic eDp5")
                            .get("/search?text=a")
                            .status())
                    .isEqualTo(200);
            assertThat(visitor.get("/admin/takedowns").status()).isEqualTo(200);
        }
    }

    @Test
    void keysAreFollowedWithoutARestart() throws IOException {
        try (SearchServer server = startWithKeys()) {
            Visitor visitor = new Visitor(server.address());
            Visitor page = visitor.with("X-API-Key", SEARCHER);
            Visitor late = visitor.with("X-API-Key", "a later secret");
            assertThat(late.get("/info").status()).isEqualTo(401);

            Files.writeString(
                    keys, ApiKey.of("late", Role.SEARCH, "a later secret").line() + "\n", StandardOpenOption.APPEND);
            TestServers.await("the new key opens", () -> late.get("/info").status() == 200);
            assertThat(page.get("/info").status()).isEqualTo(200);

            Files.writeString(
                    keys, ApiKey.of("late", Role.SEARCH, "a later secret").line());
            TestServers.await(
                    "the old key opens no more", () -> page.get("/info").status() == 401);
            assertThat(late.get("/info").status()).isEqualTo(200);
        }
    }

    @Test
    void aFileOfKeysThatIsNotThereEndsTheStart() {
        assertThatThrownBy(() -> start(Map.of("access.keys", folder + "/none"))).hasMessageContaining(folder + "/none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/search?text=a", "/metrics"})
    void whoAsksTooOftenIsToldWhenToComeAgain(String path) {
        try (SearchServer server = start(Map.of("access.rate", "0.001", "access.burst", "3"))) {
            Visitor visitor = new Visitor(server.address());
            for (int i = 0; i < 3; i++) {
                assertThat(visitor.get(path).status()).isEqualTo(200);
            }

            Reply refused = visitor.get(path);

            assertThat(refused.status()).isEqualTo(429);
            assertThat(refused.errorCode()).isEqualTo("too_many_requests");
            assertThat(Integer.parseInt(refused.header("retry-after").orElseThrow()))
                    .isBetween(900, 1000);
            assertThat(visitor.get("/healthz").status()).isEqualTo(200);
            assertThat(visitor.get("/app.js").status()).isEqualTo(200);
        }
    }

    @Test
    void eachKeyHasARateOfItsOwnAndGuessingHasOneToo() {
        try (SearchServer server =
                start(Map.of("access.keys", keys.toString(), "access.rate", "0.001", "access.burst", "2"))) {
            Visitor visitor = new Visitor(server.address());
            Visitor page = visitor.with("X-API-Key", SEARCHER);
            for (int i = 0; i < 2; i++) {
                assertThat(page.get("/info").status()).isEqualTo(200);
                assertThat(visitor.with("X-API-Key", "guess " + i).get("/info").status())
                        .isEqualTo(401);
            }

            assertThat(page.get("/info").status()).isEqualTo(429);
            assertThat(page.get("/info").errorMessage()).startsWith("page asks too often");
            assertThat(visitor.with("X-API-Key", "guess 3").get("/info").status())
                    .isEqualTo(429);
            assertThat(visitor.with("X-API-Key", ADMINISTRATOR).get("/info").status())
                    .isEqualTo(200);
            assertThat(visitor.with("X-API-Key", ADMINISTRATOR)
                            .metric("imagesearch_turned_away_total{reason=\"rate\"}"))
                    .isEqualTo(3);
        }
    }

    @Test
    void whatAStrangerSaysOfItsAddressIsNotBelieved() {
        Map<String, String> rate = Map.of("access.rate", "0.001", "access.burst", "2");
        try (SearchServer server = start(rate)) {
            Visitor visitor = new Visitor(server.address());
            visitor.with("X-Forwarded-For", "1.1.1.1").get("/info");
            visitor.with("X-Forwarded-For", "2.2.2.2").get("/info");

            assertThat(visitor.with("X-Forwarded-For", "3.3.3.3").get("/info").status())
                    .isEqualTo(429);
        }
    }

    @Test
    void whatAProxyOfOursSaysIsBelieved() {
        Map<String, String> rate =
                Map.of("access.rate", "0.001", "access.burst", "1", "access.proxies", "127.0.0.0/8,::1");
        try (SearchServer server = start(rate)) {
            Visitor visitor = new Visitor(server.address());

            for (int i = 1; i < 5; i++) {
                Visitor one = visitor.with("X-Forwarded-For", "6.6.6.6, 1.1.1." + i);
                assertThat(one.get("/info").status()).isEqualTo(200);
                assertThat(one.get("/info").status()).isEqualTo(429);
            }
        }
    }

    @Test
    void anAddressDoesNotTakeAllConnections() throws IOException {
        try (SearchServer server = start(Map.of("http.connections-per-address", "2"));
                Socket first = new Visitor(server.address()).connect();
                Socket second = new Visitor(server.address()).connect()) {
            Visitor visitor = new Visitor(server.address());
            assertThat(answers(first)).isTrue();
            assertThat(answers(second)).isTrue();

            assertThat(visitor.raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").status())
                    .as("closed without an answer")
                    .isZero();

            first.close();
            TestServers.await(
                    "another one is taken",
                    () -> visitor.raw("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                                    .status()
                            == 200);
            second.close();
            TestServers.await("all are forgotten", () -> visitor.raw(
                            "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    .text()
                    .contains("imagesearch_turned_away_total{reason=\"connections\"} "));
        }
    }

    private static boolean answers(Socket socket) throws IOException {
        socket.getOutputStream().write("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8));
        return new String(socket.getInputStream().readNBytes(15), UTF_8).equals("HTTP/1.1 200 OK");
    }
}
