package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose web pages may read answers. */
class OriginsTest {
    private static final String OURS = "https://pictures.example";
    private static final String THEIRS = "https://evil.example";
    private static final List<String> SEARCHING =
            List.of("/search?text=a", "/images/1000", "/thumbnails/1000", "/vectors/1000", "/info", "/indices-list");

    @TempDir
    static Path folder;

    @BeforeAll
    static void publish() {
        SmallIndex.publish(folder, 1, 41, 60, 1);
    }

    @Test
    void byItselfNoPageOfAnotherOriginMaySearch() {
        try (SearchServer server = TestServers.start(folder, Map.of())) {
            Visitor theirs = new Visitor(server.address()).with("Origin", THEIRS);

            assertThat(theirs.get("/search?text=a").header("access-control-allow-origin"))
                    .isEmpty();
            assertThat(theirs.preflight("/search").status()).isEqualTo(405);
            assertThat(theirs.get("/indices-list").header("access-control-allow-origin"))
                    .hasValue("*");
        }
    }

    @Test
    void pagesOfOriginsThatAreNamedMayAndOthersMayNot() {
        Map<String, String> settings =
                Map.of("http.allow-origin", "https://other.example, " + OURS, "http.clip-retrieval-origin", "");
        try (SearchServer server = TestServers.start(folder, settings)) {
            Visitor visitor = new Visitor(server.address());
            for (String path : SEARCHING) {
                Reply ours = visitor.with("Origin", OURS).get(path);
                assertThat(ours.status()).isEqualTo(200);
                assertThat(ours.header("access-control-allow-origin")).hasValue(OURS);
                assertThat(ours.header("vary").orElse("")).contains("Origin");
                Reply theirs = visitor.with("Origin", THEIRS).get(path);
                assertThat(theirs.header("access-control-allow-origin")).isEmpty();
                assertThat(theirs.header("vary").orElse("")).contains("Origin");
                assertThat(visitor.get(path).header("access-control-allow-origin"))
                        .isEmpty();
            }
            assertThat(visitor.with("Origin", OURS).get("/search").header("access-control-allow-origin"))
                    .as("of an error")
                    .hasValue(OURS);
            assertThat(visitor.with("Origin", "null").get("/info").header("access-control-allow-origin"))
                    .isEmpty();
        }
    }

    @Test
    void aBrowserIsToldBeforeWhatItMaySend() {
        try (SearchServer server = TestServers.start(folder, Map.of("http.allow-origin", OURS))) {
            Visitor visitor = new Visitor(server.address());

            Reply ours = visitor.with("Origin", OURS).preflight("/search");
            assertThat(ours.status()).isEqualTo(204);
            assertThat(ours.body()).isEmpty();
            assertThat(ours.header("access-control-allow-origin")).hasValue(OURS);
            assertThat(ours.header("access-control-allow-methods").orElseThrow())
                    .contains("GET", "POST");
            assertThat(ours.header("access-control-allow-headers").orElseThrow())
                    .contains("Authorization", "Content-Type", "X-API-Key");
            assertThat(ours.header("access-control-max-age")).hasValue("600");
            assertThat(ours.header("vary")).hasValue("Origin");

            Reply theirs = visitor.with("Origin", THEIRS).preflight("/search");
            assertThat(theirs.headers().keySet()).noneMatch(name -> name.startsWith("access-control"));
        }
    }

    @Test
    void administrationIsForNoPageOfAnotherOrigin() {
        try (SearchServer server = TestServers.start(folder, Map.of("http.allow-origin", "*"))) {
            Visitor theirs = new Visitor(server.address()).with("Origin", THEIRS);

            assertThat(theirs.preflight("/admin/takedown").status()).isEqualTo(405);
            Reply refused = theirs.post("/admin/takedown", "application/json", "{\"id\":1000}".getBytes(UTF_8));
            assertThat(refused.status()).isEqualTo(403);
            assertThat(refused.header("access-control-allow-origin")).isEmpty();
            assertThat(theirs.get("/search?text=a").header("access-control-allow-origin"))
                    .hasValue("*");
        }
    }

    @Test
    void aPreflightNeedsNoKeyButTheRequestDoes() throws Exception {
        Path keys = Files.createFile(folder.resolve("no-keys"));
        try (SearchServer server =
                TestServers.start(folder, Map.of("http.allow-origin", OURS, "access.keys", keys.toString()))) {
            Visitor ours = new Visitor(server.address()).with("Origin", OURS);

            assertThat(ours.preflight("/search").status()).isEqualTo(204);
            assertThat(ours.get("/search?text=a").status()).isEqualTo(401);
        }
    }
}
