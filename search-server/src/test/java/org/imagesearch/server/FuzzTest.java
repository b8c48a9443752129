package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Thousands of requests that are wrong in ways that nobody thought of. A seed given back: {@code -Dfuzz.seed=N}; more of
 * them: {@code -Dfuzz.requests=N}. */
class FuzzTest {
    private static final int REQUESTS = Integer.getInteger("fuzz.requests", 4000);
    private static final byte[] PNG = SmallIndex.picture("png", 30, 20, Color.ORANGE);
    private static final byte[] JPEG = SmallIndex.picture("jpeg", 30, 20, Color.ORANGE);
    private static final byte[] GIF = SmallIndex.picture("gif", 30, 20, Color.ORANGE);

    private static final List<String> PATHS = List.of(
            "/search",
            "/search?text=red+car&k=3",
            "/search?id=1007&nprobe=2&minScore=0.1",
            "/images/1000",
            "/thumbnails/1007?size=64",
            "/admin/takedown",
            "/admin/takedown?minScore=0.9&dryRun=true&limit=3&reason=a",
            "/admin/restore",
            "/admin/takedowns?after=1000&limit=2",
            "/info",
            "/healthz",
            "/readyz",
            "/metrics",
            "/vectors/1007",
            "/knn-service",
            "//metadata",
            "/indices-list",
            "/config.json",
            "/openapi.json",
            "/",
            "/app.js");
    private static final List<String> METHODS =
            List.of("GET", "GET", "GET", "POST", "POST", "HEAD", "PUT", "OPTIONS", "get");
    private static final List<String> TYPES = List.of(
            "application/json", "application/json", "image/png", "image/jpeg", "text/plain", "", "image/", ";;;");
    private static final List<String> JSON = List.of(
            "{\"text\":\"red car\",\"k\":3}",
            "{\"terms\":[{\"text\":\"a\",\"weight\":1.5},{\"id\":1007,\"weight\":-0.5}],\"recall\":0.9}",
            "{\"id\":1014,\"withVectors\":true,\"minScore\":0.2,\"nprobe\":3,\"nearDuplicates\":0.9}",
            "{\"ids\":[1021,1028],\"reason\":\"because\",\"dryRun\":false}",
            "{\"id\":1035,\"minScore\":0.8,\"limit\":5}",
            "{\"text\":\"a\",\"num_images\":2,\"num_result_ids\":9,\"deduplicate\":true}",
            "{\"ids\":[1007,\"1014\"],\"indice_name\":null}",
            "{\"image\":\"" + Base64.getEncoder().encodeToString(PNG) + "\"}",
            "{\"vector\":" + Arrays.toString(SmallIndex.randomUnit(new Random(1))) + "}");
    private static final List<String> SCRAPS = List.of(
            "null",
            "true",
            "-1",
            "1e999",
            "99999999999999999999",
            "NaN",
            "\"\"",
            "\"\\ud800\"",
            "[",
            "]",
            "{",
            "}",
            "{}",
            "[[]]",
            "\"k\":",
            ",",
            ":",
            "%",
            "%00",
            "%ff",
            "..",
            "/",
            "\\",
            "&",
            "=",
            "?",
            ";",
            " ",
            "\u0000",
            "\u00ff",
            "\r",
            "\n");

    @Test
    void noRequestMakesTheServerFail(@TempDir Path folder) {
        long seed = Long.getLong("fuzz.seed", System.nanoTime());
        System.out.println("fuzz.seed=" + seed);
        Random random = new Random(seed);
        SmallIndex.publish(folder, 1, 31, 60, 2);
        try (SearchServer server =
                TestServers.start(folder, Map.of("http.body", "64 KiB", "http.body-timeout", "2 s"))) {
            Visitor visitor = new Visitor(server.address());
            for (int i = 0; i < REQUESTS; i++) {
                String request = request(random);
                Reply reply = visitor.raw(request);
                String told =
                        "seed %d, request %d: %s%n-> %d %s".formatted(seed, i, request, reply.status(), reply.text());
                assertThat(reply.status()).as(told).isLessThan(500);
                if (reply.status() >= 400) {
                    assertThat(BadRequestTest.INSIDES.matcher(reply.text()).find())
                            .as(told)
                            .isFalse();
                }
            }
            assertThat(visitor.get("/search?text=red+car").status()).isEqualTo(200);
            TestServers.await("every place is free", () -> visitor.metric("imagesearch_admitted_requests") == 0);
        }
    }

    private static String request(Random random) {
        String path = pick(random, PATHS);
        String body = random.nextInt(3) == 0 ? "" : body(random);
        StringBuilder request = new StringBuilder(pick(random, METHODS)).append(' ');
        request.append(random.nextBoolean() ? path : mutated(random, path)).append(" HTTP/1.1\r\nHost: localhost\r\n");
        request.append("Connection: close\r\n");
        String type = pick(random, TYPES);
        if (!type.isEmpty()) {
            request.append("Content-Type: ").append(type).append("\r\n");
        }
        if (random.nextInt(10) == 0) {
            request.append("Transfer-Encoding: chunked\r\n\r\n");
            request.append(Integer.toHexString(body.length()))
                    .append("\r\n")
                    .append(body)
                    .append("\r\n0\r\n\r\n");
        } else {
            request.append("Content-Length: ")
                    .append(body.length())
                    .append("\r\n\r\n")
                    .append(body);
        }
        return random.nextInt(4) == 0 ? mutated(random, request.toString()) : request.toString();
    }

    private static String body(Random random) {
        String body =
                switch (random.nextInt(5)) {
                    case 0 -> new String(PNG, ISO_8859_1);
                    case 1 -> new String(random.nextBoolean() ? JPEG : GIF, ISO_8859_1);
                    default -> pick(random, JSON);
                };
        return mutated(random, body);
    }

    /** The text with a few places cut out, doubled, replaced or filled with something nasty. */
    private static String mutated(Random random, String text) {
        StringBuilder changed = new StringBuilder(text);
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes && changed.length() > 0; i++) {
            int at = random.nextInt(changed.length());
            int end = Math.min(changed.length(), at + 1 + random.nextInt(8));
            switch (random.nextInt(6)) {
                case 0 -> changed.delete(at, end);
                case 1 -> changed.insert(at, changed.substring(at, end));
                case 2 -> changed.setCharAt(at, (char) random.nextInt(256));
                case 3 -> changed.setLength(at);
                default -> changed.insert(at, pick(random, SCRAPS));
            }
        }
        return changed.toString();
    }

    private static <T> T pick(Random random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
