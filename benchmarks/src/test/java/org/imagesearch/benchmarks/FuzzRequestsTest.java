package org.imagesearch.benchmarks;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import org.imagesearch.benchmarks.RawRequest.End;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FuzzRequestsTest {
    @TempDir
    Path folder;

    private FuzzPictures pictures;

    @BeforeEach
    void makePictures() throws IOException {
        for (String format : List.of("png", "jpeg", "gif", "bmp")) {
            BufferedImage picture = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
            picture.setRGB(3, 5, 0xFF8800);
            assertThat(ImageIO.write(
                            picture, format, folder.resolve("a." + format).toFile()))
                    .isTrue();
        }
        try (var files = Files.list(folder)) {
            pictures = new FuzzPictures(files.sorted().toList());
        }
    }

    private FuzzRequests requests(long seed) {
        FuzzJson json = new FuzzJson(8, pictures.any(new Random(1)));
        return new FuzzRequests(seed, List.of("/search", "/images/{id}"), "token", json, pictures);
    }

    @Test
    void aNumberAndASeedGiveTheSameRequestAlways() {
        for (long number : new long[] {0, 1, 17, 1_000_000}) {
            RawRequest request = requests(5).request(number);
            assertThat(requests(5).request(number).bytes()).isEqualTo(request.bytes());
            assertThat(requests(5).request(number).end()).isEqualTo(request.end());
        }
        assertThat(requests(5).request(3).bytes())
                .isNotEqualTo(requests(6).request(3).bytes());
    }

    @Test
    void someAreNearlyRightAndSomeLeave() {
        List<RawRequest> some =
                LongStream.range(0, 2000).mapToObj(requests(1)::request).toList();
        assertThat(some)
                .anyMatch(request -> text(request).startsWith("POST /search HTTP/1.1\r\n"))
                .anyMatch(request -> text(request).contains("Transfer-Encoding: chunked"))
                .anyMatch(request -> text(request).matches("(?s)GET /images/(-1|abc).*"))
                .anyMatch(request -> request.end() == End.GONE);
    }

    private static String text(RawRequest request) {
        return new String(request.bytes(), ISO_8859_1);
    }

    @Test
    void damagedPicturesDifferAndStayOfASizeThatIsRead() {
        Random random = new Random(7);
        Set<String> different = new HashSet<>();
        for (int i = 0; i < 500; i++) {
            byte[] picture = pictures.mutated(random);
            assertThat(picture.length).isLessThanOrEqualTo(4 << 20);
            different.add(new String(picture, ISO_8859_1));
        }
        assertThat(different).hasSizeGreaterThan(400);
    }
}
