package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Promises of docs/SECURITY.md that belong to no single part of the server. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SecurityPromisesTest {
    private static final String TOKEN = "a-token-of-some-length";

    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        SmallIndex.publish(folder, 1, 81, 60, 1);
        server = TestServers.start(folder, Map.of("admin.token", TOKEN));
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/app.js",
                "/search?text=a",
                "/search",
                "/images/1000",
                "/thumbnails/1000",
                "/nothing",
                "/healthz",
                "/admin/takedowns",
                "/indices-list"
            })
    void everyAnswerHasTheHeadersThatKeepBrowsersFromMisusingIt(String path) {
        Reply reply = visitor.get(path);

        assertThat(reply.header("content-security-policy").orElseThrow())
                .contains("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'")
                .doesNotContain("unsafe");
        assertThat(reply.header("x-content-type-options")).hasValue("nosniff");
        assertThat(reply.header("x-frame-options")).hasValue("DENY");
        assertThat(reply.header("referrer-policy")).hasValue("same-origin");
        assertThat(reply.header("cross-origin-opener-policy")).hasValue("same-origin");
        assertThat(reply.header("permissions-policy").orElseThrow()).contains("camera=()", "geolocation=()");
        assertThat(reply.header("cross-origin-resource-policy").orElseThrow())
                .isEqualTo(path.equals("/indices-list") ? "cross-origin" : "same-origin");
        assertThat(reply.header("strict-transport-security")).as("without TLS").isEmpty();
        assertThat(reply.headers()).doesNotContainKeys("server", "x-powered-by");
    }

    @Test
    void noAddressThatAClientNamesIsEverOpened() throws IOException {
        try (ServerSocketChannel victim = ServerSocketChannel.open()) {
            victim.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .configureBlocking(false);
            String url = "http:" + "//127.0.0.1:" + ((InetSocketAddress) victim.getLocalAddress()).getPort() + "/x.png";
            for (String address : List.of(url, "file:///etc/passwd", "ftp://127.0.0.1/x", "jar:" + url + "!/a")) {
                for (String field : List.of("image", "image_url", "imageUrl", "url", "uri", "path", "host")) {
                    assertThat(visitor.ask("{\"%s\":\"%s\"}".formatted(field, address))
                                    .status())
                            .as(field)
                            .isEqualTo(400);
                    assertThat(visitor.ask("{\"terms\":[{\"%s\":\"%s\"}]}".formatted(field, address))
                                    .status())
                            .as(field)
                            .isEqualTo(400);
                    assertThat(visitor.get("/search?" + field + "=" + address).status())
                            .as(field)
                            .isEqualTo(400);
                }
                Reply asInClipRetrieval = visitor.post(
                        "/knn-service",
                        "application/json",
                        "{\"image_url\":\"%s\",\"num_images\":3}"
                                .formatted(address)
                                .getBytes(UTF_8));
                assertThat(asInClipRetrieval.status()).isEqualTo(400);
                assertThat(asInClipRetrieval.json().path("message").asText()).contains("image_url is not followed");
                assertThat(visitor.raw("GET " + address + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                                .status())
                        .as("as the address of the request itself")
                        .isIn(400, 404);
            }
            assertThat(victim.accept()).as("a connection of the server's").isNull();
        }
    }

    @ParameterizedTest
    @MethodSource
    void picturesThatClaimMoreThanIsDecodedAreRefusedByTheirHeads(String format, byte[] head) {
        Reply refused = visitor.post("/search", "image/" + format, head);

        assertThat(refused.status()).as(refused.text()).isEqualTo(413);
        assertThat(refused.errorCode()).isEqualTo("too_large");
    }

    static Stream<Arguments> picturesThatClaimMoreThanIsDecodedAreRefusedByTheirHeads() {
        byte[] png = SmallIndex.picture("png", 10, 10, Color.BLUE);
        ByteBuffer.wrap(png).putInt(16, 19_999).putInt(20, 19_999);
        byte[] gif = SmallIndex.picture("gif", 10, 10, Color.BLUE);
        ByteBuffer.wrap(gif)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(6, (short) 65_535)
                .putShort(8, (short) 65_535);
        byte[] bmp = SmallIndex.picture("bmp", 10, 10, Color.BLUE);
        ByteBuffer.wrap(bmp)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(18, 2_000_000)
                .putInt(22, 2_000_000);
        byte[] jpeg = SmallIndex.picture("jpeg", 10, 10, Color.BLUE);
        ByteBuffer.wrap(jpeg).putShort(placeOfSize(jpeg), (short) 65_535).putShort(placeOfSize(jpeg) + 2, (short)
                65_535);
        // RIFF, WEBP, an extended header of 16,777,216 x 16,777,216, and no pictures.
        ByteBuffer webp = ByteBuffer.allocate(30).order(ByteOrder.LITTLE_ENDIAN);
        webp.put("RIFF".getBytes(ISO_8859_1))
                .putInt(22)
                .put("WEBPVP8X".getBytes(ISO_8859_1))
                .putInt(10);
        webp.putInt(0).put(new byte[] {-1, -1, -1, -1, -1, -1});
        return Stream.of(
                Arguments.of("png", png),
                Arguments.of("gif", gif),
                Arguments.of("bmp", bmp),
                Arguments.of("jpeg", jpeg),
                Arguments.of("webp", webp.array()));
    }

    /** Where the height stands in the head of a frame; the width is behind it. */
    private static int placeOfSize(byte[] jpeg) {
        for (int i = 2; i < jpeg.length; i += 2 + (((jpeg[i + 2] & 0xff) << 8) | (jpeg[i + 3] & 0xff))) {
            if ((jpeg[i + 1] & 0xff) == 0xc0) {
                return i + 5;
            }
        }
        throw new AssertionError("no frame");
    }

    @Test
    void chunksThatUnpackToHundredsOfMegabytesHurtNobody() throws IOException {
        byte[] plain = SmallIndex.picture("png", 10, 10, Color.BLUE);
        byte[] zeros = deflated(300 << 20);
        byte[] name = "x\0\0".getBytes(ISO_8859_1);
        for (String kind : List.of("iCCP", "zTXt", "IDAT")) {
            byte[] content = kind.equals("IDAT") ? zeros : concatenated(name, zeros);
            byte[] bomb = concatenated(
                    Arrays.copyOf(plain, 33), chunk(kind, content), Arrays.copyOfRange(plain, 33, plain.length));

            assertThat(visitor.post("/search?k=1", "image/png", bomb).status())
                    .as(kind)
                    .isIn(200, 400);
        }
        assertThat(visitor.get("/search?text=a").status()).isEqualTo(200);
    }

    private static byte[] deflated(int zeros) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream out = new DeflaterOutputStream(packed)) {
            byte[] some = new byte[1 << 20];
            for (int written = 0; written < zeros; written += some.length) {
                out.write(some);
            }
        }
        return packed.toByteArray();
    }

    private static byte[] chunk(String kind, byte[] content) {
        byte[] kindAndContent = concatenated(kind.getBytes(ISO_8859_1), content);
        CRC32 checksum = new CRC32();
        checksum.update(kindAndContent);
        return ByteBuffer.allocate(content.length + 12)
                .putInt(content.length)
                .put(kindAndContent)
                .putInt((int) checksum.getValue())
                .array();
    }

    private static byte[] concatenated(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    @Test
    void theLogTellsNothingOfWhatIsSearchedNorAnyKey() {
        try (LogCapture log = new LogCapture()) {
            byte[] picture = SmallIndex.picture("png", 50, 50, Color.RED);
            String base64 = Base64.getEncoder().encodeToString(picture);
            visitor.get("/search?text=unmentionable");
            visitor.get("/search?text=unmentionable&k=0");
            visitor.ask("{\"text\":\"unmentionable\"}");
            visitor.ask("{\"text\":\"unmentionable\",\"unmentionable\":1}");
            visitor.ask("{\"image\":\"" + base64 + "\"}");
            visitor.post("/search", "image/png", picture);
            visitor.post("/search", "image/png", Arrays.copyOf(picture, 50));
            visitor.post("/knn-service", "application/json", "{\"text\":\"unmentionable\"}".getBytes(UTF_8));
            visitor.with("X-API-Key", "unmentionable").get("/admin/takedowns");
            visitor.with("Authorization", "Bearer " + TOKEN)
                    .post("/admin/takedown", "application/json", "{\"id\":5}".getBytes(UTF_8));

            assertThat(log.lines())
                    .anyMatch(line ->
                            line.contains("takedown asked=1 changed=1") && line.contains("by=admin.token@127."));
            assertThat(String.join("\n", log.lines())).doesNotContain("unmentionable", TOKEN, base64.substring(0, 40));
        }
    }
}
