package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.imagesearch.server.SmallIndex.Item;
import org.imagesearch.server.Visitor.Reply;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Pictures and thumbnails of indexed ids. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PicturesTest {
    private SmallIndex index;
    private SearchServer server;
    private Visitor visitor;

    @BeforeAll
    void startServer(@TempDir Path folder) {
        index = SmallIndex.publish(folder, 1, 41, 60, 2);
        server = TestServers.start(folder, Map.of());
        visitor = new Visitor(server.address());
    }

    @AfterAll
    void stopServer() {
        if (server != null) {
            server.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"0, image/png", "1, image/jpeg", "2, image/gif", "3, image/bmp"})
    void aPictureComesAsItIsOnDisk(int place, String type) throws IOException {
        Item item = index.items().get(place);
        byte[] file = Files.readAllBytes(fileOf(item));

        Reply reply = visitor.get("/images/" + item.id());

        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).isEqualTo(file);
        assertThat(reply.header("content-type")).hasValue(type);
        assertThat(reply.header("x-content-type-options")).hasValue("nosniff");
        assertThat(reply.header("content-security-policy").orElseThrow()).contains("default-src 'none'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/images/1000", "/thumbnails/1000", "/healthz", "/readyz", "/info", "/openapi.json", "/"})
    void theHeadIsThatOfTheWholeAnswer(String path) {
        Reply head = visitor.head(path);
        Reply whole = visitor.get(path);

        assertThat(head.status()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.header("content-length")).isEqualTo(whole.header("content-length"));
        assertThat(head.header("content-type")).isEqualTo(whole.header("content-type"));
    }

    @ParameterizedTest
    @CsvSource({"'', 256", "?size=64, 64", "?size=128, 128", "?size=256, 256", "?size=512, 300"})
    void aThumbnailHasTheSideAskedForAndIsNeverLargerThanThePicture(String query, int width) throws IOException {
        Item item = index.items().get(0);

        Reply reply = visitor.get("/thumbnails/" + item.id() + query);

        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.header("content-type")).hasValue("image/jpeg");
        BufferedImage thumbnail = ImageIO.read(new ByteArrayInputStream(reply.body()));
        assertThat(thumbnail.getWidth()).isEqualTo(width);
        assertThat(thumbnail.getHeight()).isEqualTo(Math.round(width * 200f / 300));
        BufferedImage original = ImageIO.read(fileOf(item).toFile());
        for (double[] at : new double[][] {{0.5, 0.5}, {0.05, 0.05}, {0.9, 0.1}}) {
            assertColour(thumbnail, original, at[0], at[1]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/images/1000", "/thumbnails/1000?size=64"})
    void whoHasAPictureIsAskedToComeBackAndToldThatItIsTheSame(String path) {
        Reply first = visitor.get(path);
        assertThat(first.header("cache-control")).hasValue("private, no-cache");
        String tag = first.header("etag").orElseThrow();

        Reply again = visitor.getUnless(path, tag);
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
        assertThat(again.header("etag")).hasValue(tag);
        assertThat(visitor.getUnless(path.replace("1000", "1007"), tag).status())
                .as("another picture")
                .isEqualTo(200);
        assertThat(visitor.getUnless("/thumbnails/1000?size=128", tag).status())
                .as("another size")
                .isEqualTo(200);
        assertThat(visitor.getUnless(path.replace("1000", "5"), tag).status()).isEqualTo(404);
    }

    @Test
    void aPictureInATarComesAsItIsThereAndHasAThumbnail() throws IOException {
        byte[] file = Files.readAllBytes(fileOf(index.items().get(1)));
        long id = index.items().get(SmallIndex.IN_TAR).id();

        Reply reply = visitor.get("/images/" + id);

        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.body()).isEqualTo(file);
        assertThat(reply.header("content-type")).hasValue("image/jpeg");
        assertThat(visitor.head("/images/" + id).header("content-length")).hasValue(String.valueOf(file.length));
        assertThat(visitor.get("/thumbnails/" + id).body())
                .isEqualTo(
                        visitor.get("/thumbnails/" + index.items().get(1).id()).body());
    }

    @ParameterizedTest
    @ValueSource(ints = {SmallIndex.NO_PICTURE, SmallIndex.NOT_THERE, SmallIndex.ELSEWHERE, SmallIndex.NOT_IN_TAR})
    void whatIsNoPictureOnThisMachineIsNotHandedOut(int place) {
        long id = index.items().get(place).id();

        for (String path : List.of("/images/", "/thumbnails/")) {
            for (Reply reply : List.of(visitor.get(path + id), visitor.head(path + id))) {
                assertThat(reply.status()).isEqualTo(404);
            }
            assertThat(visitor.get(path + id).errorMessage())
                    .contains("the picture with id " + id)
                    .doesNotContain(index.root().toString());
        }
    }

    @Test
    void aPictureThatGoesOrBreaksIsNotFoundAndOneThatChangesGetsANewThumbnail(@TempDir Path folder) throws IOException {
        SmallIndex own = SmallIndex.publish(folder, 1, 42, 60, 1);
        try (SearchServer other = TestServers.start(folder, Map.of())) {
            Visitor visitor = new Visitor(other.address());
            Item item = own.items().get(0);
            Path file = fileOf(item);
            byte[] before = Files.readAllBytes(file);
            byte[] thumbnail = visitor.get("/thumbnails/" + item.id()).body();
            assertThat(visitor.get("/thumbnails/" + item.id()).body()).isEqualTo(thumbnail);

            Files.write(file, Files.readAllBytes(fileOf(own.items().get(1))));
            assertThat(visitor.get("/thumbnails/" + item.id()).body()).isNotEqualTo(thumbnail);
            assertThat(visitor.get("/images/" + item.id()).header("content-type"))
                    .hasValue("image/jpeg");

            Files.write(file, Arrays.copyOf(before, 50));
            assertThat(visitor.get("/thumbnails/" + item.id()).status()).isEqualTo(404);

            Files.delete(file);
            assertThat(visitor.get("/thumbnails/" + item.id()).status()).isEqualTo(404);
            assertThat(visitor.get("/images/" + item.id()).status()).isEqualTo(404);

            Files.createDirectory(file);
            assertThat(visitor.get("/images/" + item.id()).status()).isEqualTo(404);
        }
    }

    private static void assertColour(BufferedImage thumbnail, BufferedImage original, double x, double y) {
        int got = thumbnail.getRGB((int) (x * thumbnail.getWidth()), (int) (y * thumbnail.getHeight()));
        int expected = original.getRGB((int) (x * original.getWidth()), (int) (y * original.getHeight()));
        for (int shift = 0; shift < 24; shift += 8) {
            assertThat(got >> shift & 0xff).isCloseTo(expected >> shift & 0xff, within(12));
        }
    }

    private static Path fileOf(Item item) {
        return Path.of(URI.create(item.row().uri()));
    }
}
