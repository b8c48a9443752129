package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The golden vectors of the shipped bundle, which Pillow and torch computed; and that they catch what they are there to catch. */
class GoldenVectorsTest {
    private static final Path SHIPPED = Path.of("../demo/model");
    private static final EncoderSettings SETTINGS = EncoderSettings.cpu(1, 4);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path copy;

    @BeforeEach
    void copyTheShippedBundle() throws IOException {
        copy = folder.resolve("bundle");
        try (Stream<Path> all = Files.walk(SHIPPED)) {
            for (Path file : all.toList()) {
                Files.copy(file, copy.resolve(SHIPPED.relativize(file)));
            }
        }
    }

    @Test
    void theShippedBundleComputesWhatPillowAndTorchCompute() {
        ModelBundle bundle = ModelBundle.open(SHIPPED);
        GoldenVectors golden = GoldenVectors.of(bundle).orElseThrow();
        try (ImageEncoder images = ImageEncoder.open(bundle, SETTINGS);
                TextEncoder texts = TextEncoder.open(bundle, SETTINGS)) {
            GoldenVectors.Agreement pictures = golden.verifyPictures(bundle, images, 0.999999);
            assertThat(pictures.count()).isEqualTo(4);
            assertThat(pictures.least()).isBetween(0.999999, 1.000001);
            assertThat(golden.verifyTexts(bundle, texts, 0.999999).count()).isEqualTo(10);
        }
    }

    @Test
    void aBundleWithoutGoldenVectorsIsTakenAsItIs() throws IOException {
        changeManifest(manifest -> manifest.remove("golden"));
        assertThat(GoldenVectors.of(ModelBundle.open(copy))).isEmpty();
        assertThatCode(this::verify).doesNotThrowAnyException();
    }

    @Test
    void aPictureThatIsPreparedOtherwiseIsNamed() throws IOException {
        changeManifest(manifest -> ((ObjectNode) manifest.get("image")).put("resize", "square-bicubic"));
        assertRefused("picture golden/wide.png has a cosine of 0.");
    }

    @Test
    void anotherImageModelIsNoticed() throws IOException {
        Path model = copy.resolve("image.onnx");
        byte[] bytes = Files.readAllBytes(model);
        // Whole weights change places, somewhere among them: they are nearly all of the file.
        int block = 1 << 16;
        int at = bytes.length / 3;
        byte[] weights = Arrays.copyOfRange(bytes, at, at + block);
        System.arraycopy(bytes, at + block, bytes, at, block);
        System.arraycopy(weights, 0, bytes, at + block, block);
        Files.write(model, bytes);
        assertRefused("picture golden/wide.png");
    }

    @Test
    void shuffledChannelsAreNoticed() throws IOException {
        changeGolden(golden -> {
            ArrayNode pictures = (ArrayNode) golden.get("pictures");
            pictures.removeAll()
                    .addObject()
                    .put("file", "golden/swapped.png")
                    .put("embedding", embeddingOf("golden/wide.png"));
        });
        BufferedImage picture = ImageIO.read(copy.resolve("golden/wide.png").toFile());
        for (int y = 0; y < picture.getHeight(); y++) {
            for (int x = 0; x < picture.getWidth(); x++) {
                Color colour = new Color(picture.getRGB(x, y));
                picture.setRGB(x, y, new Color(colour.getBlue(), colour.getGreen(), colour.getRed()).getRGB());
            }
        }
        ImageIO.write(picture, "png", copy.resolve("golden/swapped.png").toFile());
        assertRefused("picture golden/swapped.png has a cosine of 0.");
    }

    @Test
    void anotherTokenizerIsNoticed() throws IOException {
        Path tokenizer = copy.resolve("tokenizer.json");
        Files.writeString(tokenizer, Files.readString(tokenizer).replace("\"lowercase\":true", "\"lowercase\":false"));
        assertRefused("text \"Ein GROSSER Hund, der läuft!\" has the tokens [2, ", "expected [2, ");
    }

    @Test
    void anotherTextModelIsNoticed() throws IOException {
        changeGolden(golden -> ((ObjectNode) golden.get("texts").get(0))
                .put("embedding", golden.get("texts").get(1).get("embedding").asText()));
        assertRefused("text \"red car\" has a cosine of ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            textBlock =
                    """
                    {}                                                       | formatVersion
                    {"formatVersion": 2, "cosine": 0.9, "pictures": [], "texts": []} | formatVersion is 2, expected 1
                    {"formatVersion": 1, "cosine": 0.9, "pictures": [], "texts": []} | has no pictures and no texts
                    {"formatVersion": 1, "cosine": 0.9, "texts": []}         | has no pictures and no texts
                    {"formatVersion": 1, "cosine": 2, "pictures": [{}], "texts": []} | cosine is 2.0, expected 0 to 1
                    {"formatVersion": 1, "cosine": 0.9, "pictures": [{"file": "../x.png"}], "texts": []} | picture ../x.png, expected a file beside it
                    {"formatVersion": 1, "cosine": 0.9, "pictures": [{"file": "no.png"}], "texts": []} | no.png cannot be read
                    {"formatVersion": 1, "cosine": 0.9, "pictures": [{"file": "golden/wide.png", "embedding": "*"}], "texts": []} | the embedding of golden/wide.png is no base64
                    {"formatVersion": 1, "cosine": 0.9, "pictures": [{"file": "golden/wide.png", "embedding": "AAAA"}], "texts": []} | has 3 bytes, expected 192 floats
                    nothing                                                  | is not valid
                    """)
    void aFileThatIsNotValidIsRefusedByName(String content, String message) throws IOException {
        Files.writeString(copy.resolve("golden.json"), content);
        assertRefused(message);
    }

    private String embeddingOf(String picture) {
        try {
            for (var each : JSON.readTree(copy.resolve("golden.json").toFile()).get("pictures")) {
                if (each.get("file").asText().equals(picture)) {
                    return each.get("embedding").asText();
                }
            }
            throw new AssertionError("no " + picture);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void changeManifest(Consumer<ObjectNode> change) throws IOException {
        change(copy.resolve("bundle.json"), change);
    }

    private void changeGolden(Consumer<ObjectNode> change) throws IOException {
        change(copy.resolve("golden.json"), change);
    }

    private static void change(Path file, Consumer<ObjectNode> change) throws IOException {
        ObjectNode content = (ObjectNode) JSON.readTree(file.toFile());
        change.accept(content);
        JSON.writeValue(file.toFile(), content);
    }

    private void verify() {
        ModelBundle bundle = ModelBundle.open(copy);
        try (ImageEncoder images = ImageEncoder.open(bundle, SETTINGS);
                TextEncoder texts = TextEncoder.open(bundle, SETTINGS)) {
            GoldenVectors.verify(bundle, images, texts);
        }
    }

    private void assertRefused(String... messages) {
        var refusal = assertThatThrownBy(this::verify)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA));
        Stream.of(messages).forEach(refusal::hasMessageContaining);
    }
}
