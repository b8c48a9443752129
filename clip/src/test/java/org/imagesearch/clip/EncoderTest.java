package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The encoders on tiny models whose results can be computed by hand. */
class EncoderTest {
    private static final int PIXEL_BYTES = 4 * 4 * 3;
    private static final EncoderSettings SETTINGS = EncoderSettings.cpu(1, 4);

    @TempDir
    Path folder;

    private TestBundle bundle;

    @BeforeEach
    void makeARightBundle() {
        bundle = new TestBundle(folder.resolve("bundle"));
    }

    @Test
    void anImageModelSeesThePixelsInTheOrderTheyAreGiven() {
        long seed = 5;
        int n = 11;
        byte[] pixels = new byte[n * PIXEL_BYTES];
        new Random(seed).nextBytes(pixels);
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            assertThat(encoder.pixelBytes()).isEqualTo(PIXEL_BYTES);
            float[] embeddings = encoder.encode(ByteBuffer.wrap(pixels), n);
            assertThat(embeddings).hasSize(n * 3);
            for (int i = 0; i < n; i++) {
                double[] expected = meanColour(pixels, i);
                for (int channel = 0; channel < 3; channel++) {
                    assertThat((double) embeddings[3 * i + channel])
                            .as("seed %d, picture %d", seed, i)
                            .isCloseTo(expected[channel], within(1e-6));
                }
            }
        }
    }

    private static double[] meanColour(byte[] pixels, int picture) {
        double[] colour = new double[3];
        for (int i = 0; i < PIXEL_BYTES; i++) {
            colour[i % 3] += (pixels[picture * PIXEL_BYTES + i] & 0xff) / 16.0;
        }
        double length = Math.sqrt(IntStream.range(0, 3)
                .mapToDouble(c -> (colour[c] + 1) * (colour[c] + 1))
                .sum());
        return new double[] {(colour[0] + 1) / length, (colour[1] + 1) / length, (colour[2] + 1) / length};
    }

    @Test
    void theBuffersPositionAndLimitDoNotMatterAndStay() {
        byte[] pixels = new byte[2 * PIXEL_BYTES];
        new Random(6).nextBytes(pixels);
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            float[] expected = encoder.encode(ByteBuffer.wrap(pixels), 2);
            for (ByteBuffer buffer : List.of(
                    ByteBuffer.allocateDirect(pixels.length).put(pixels),
                    ByteBuffer.wrap(pixels).position(7).limit(20),
                    ByteBuffer.wrap(pixels).asReadOnlyBuffer())) {
                int position = buffer.position();
                int limit = buffer.limit();
                assertThat(encoder.encode(buffer, 2)).containsExactly(expected);
                assertThat(buffer.position()).isEqualTo(position);
                assertThat(buffer.limit()).isEqualTo(limit);
            }
            for (int n : new int[] {0, -1, 3, Integer.MAX_VALUE}) {
                assertThatThrownBy(() -> encoder.encode(ByteBuffer.wrap(pixels), n))
                        .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                                .isEqualTo(ErrorCode.INPUT))
                        .hasMessageContaining(n + " pictures of 48 bytes do not fit a buffer of 96");
            }
        }
    }

    @Test
    void aTextModelSeesIdsAndMask() {
        try (TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS);
                Tokenizer tokenizer = Tokenizer.open(bundle.open().text().tokenizer(), 16, TextSpec.Padding.LONGEST)) {
            List<String> texts = List.of("cat", "", "a red car in front of the old house and more", "猫", "dog dog");
            float[] embeddings = encoder.encode(texts);
            assertThat(embeddings).hasSize(3 * texts.size());
            for (int i = 0; i < texts.size(); i++) {
                long[] ids = tokenizer.encode(List.of(texts.get(i)))[0].getIds();
                double sum = 0;
                for (long id : ids) {
                    sum += id;
                }
                double length = Math.sqrt(sum * sum + ids.length * ids.length + 1);
                assertThat((double) embeddings[3 * i]).isCloseTo(sum / length, within(1e-6));
                assertThat((double) embeddings[3 * i + 1]).isCloseTo(ids.length / length, within(1e-6));
                assertThat((double) embeddings[3 * i + 2]).isCloseTo(1 / length, within(1e-6));
            }
            assertThat(encoder.encode(List.of())).isEmpty();
        }
    }

    @Test
    void weightsInAnotherFileAreUsed() {
        byte[] pixels = new byte[PIXEL_BYTES];
        new Random(8).nextBytes(pixels);
        float[] expected;
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            expected = encoder.encode(ByteBuffer.wrap(pixels), 1);
        }
        bundle.put("image-external.onnx", "image.onnx").put("weights.bin", "weights.bin");
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            assertThat(encoder.encode(ByteBuffer.wrap(pixels), 1)).containsExactly(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    image-other-names.onnx    | no input 'pixels' of type UINT8 and shape [-1, 4, 4, 3]; it has images UINT8 [-1, 4, 4, 3]
                    image-of-floats.onnx      | no input 'pixels' of type UINT8 and shape [-1, 4, 4, 3]; it has pixels FLOAT [-1, 4, 4, 3]
                    image-channels-first.onnx | no input 'pixels' of type UINT8 and shape [-1, 4, 4, 3]; it has pixels UINT8 [-1, 3, 4, 4]
                    image-larger.onnx         | no input 'pixels' of type UINT8 and shape [-1, 4, 4, 3]; it has pixels UINT8 [-1, 5, 5, 3]
                    image-fixed-batch.onnx    | no input 'pixels' of type UINT8 and shape [-1, 4, 4, 3]; it has pixels UINT8 [1, 4, 4, 3]
                    image-wide.onnx           | no output 'embedding' of type FLOAT and shape [-1, 3]; it has embedding FLOAT [-1, 6]
                    text.onnx                 | no input 'pixels' of type UINT8 and shape [-1, 4, 4, 3]; it has input_ids INT64 [-1, -1], attention_mask INT64 [-1, -1]
                    """)
    void anImageModelThatDoesNotFitIsRefusedWithWhatItHas(String model, String message) {
        bundle.put(model, "image.onnx");
        assertThatThrownBy(() -> ImageEncoder.open(bundle.open(), SETTINGS).close())
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessage(bundle.directory.resolve("image.onnx") + " has " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    text-fixed-length.onnx | has no input 'input_ids' of type INT64 and shape [-1, -1]; it has input_ids INT64 [-1, 77], attention_mask INT64 [-1, 77]
                    text-token-types.onnx  | wants inputs that nobody gives: expected [attention_mask, input_ids]; it has input_ids INT64 [-1, -1], attention_mask INT64 [-1, -1], token_type_ids INT64 [-1, -1]
                    image.onnx             | has no input 'input_ids' of type INT64 and shape [-1, -1]; it has pixels UINT8 [-1, 4, 4, 3]
                    """)
    void aTextModelThatDoesNotFitIsRefusedWithWhatItHas(String model, String message) {
        bundle.put(model, "text.onnx");
        assertThatThrownBy(() -> TextEncoder.open(bundle.open(), SETTINGS).close())
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessage(bundle.directory.resolve("text.onnx") + " " + message);
    }

    @Test
    void namesOfTensorsAreTheManifests() {
        bundle.put("image-other-names.onnx", "image.onnx").with(manifest -> ((ObjectNode) manifest.get("image"))
                .put("input", "images")
                .put("output", "features"));
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            assertThat(encoder.encode(ByteBuffer.allocate(PIXEL_BYTES), 1)).hasSize(3);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    image-not-scaled.onnx    | gave an embedding of length 1.7320508075688772, expected 1
                    image-not-a-number.onnx  | gave an embedding of length NaN, expected 1
                    image-secretly-wide.onnx | gave 12 floats for a batch of 2, expected 3 each
                    """)
    void anImageModelWhoseResultsAreNoUnitVectorsFailsAndIsNamed(String model, String message) {
        bundle.put(model, "image.onnx");
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            assertThatThrownBy(() -> encoder.encode(ByteBuffer.allocate(2 * PIXEL_BYTES), 2))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessage(bundle.directory.resolve("image.onnx") + " " + message);
        }
    }

    @Test
    void aTextModelWhoseResultsAreNoUnitVectorsFailsAndIsNamed() {
        bundle.put("text-not-scaled.onnx", "text.onnx");
        try (TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS)) {
            assertThatThrownBy(() -> encoder.encode(List.of("cat")))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.DATA))
                    .hasMessageContaining(bundle.directory.resolve("text.onnx") + " gave an embedding of length");
        }
    }

    @Test
    void whatIsNoModelIsADataErrorThatNamesTheFileOnEveryDevice() throws IOException {
        Path file = bundle.directory.resolve("image.onnx");
        byte[] whole = Files.readAllBytes(file);
        List<byte[]> contents = new ArrayList<>();
        contents.add(new byte[0]);
        contents.add("no model".getBytes(StandardCharsets.US_ASCII));
        contents.add(Arrays.copyOf(whole, whole.length - 3));
        for (byte[] content : contents) {
            Files.write(file, content);
            for (Device device : new Device[] {Device.CPU, Device.AUTO}) {
                assertThatThrownBy(() -> ImageEncoder.open(bundle.open(), settings(device))
                                .close())
                        .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                                .isEqualTo(ErrorCode.DATA))
                        .hasMessageContaining("cannot open the model " + file);
            }
        }
    }

    /** With the GPU build on a machine with a GPU it opens; everywhere else the message says what is missing. */
    @Test
    void cudaWorksOrIsRefusedWithTheReason() {
        try {
            ImageEncoder.open(bundle.open(), settings(Device.CUDA)).close();
        } catch (ImageSearchException e) {
            assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE);
            assertThat(e).hasMessageContaining("CUDA device 0 cannot run " + bundle.directory.resolve("image.onnx"));
        }
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), settings(Device.AUTO))) {
            assertThat(encoder.encode(ByteBuffer.allocate(PIXEL_BYTES), 1)).hasSize(3);
        }
    }

    private static EncoderSettings settings(Device device) {
        return new EncoderSettings(device, 0, EncoderSettings.DEFAULT_GPU_MEMORY_BYTES, 1, 1);
    }

    /** As on a GPU. */
    @Test
    void filledUpRunsOfPicturesGiveTheSame() {
        byte[] pixels = new byte[11 * PIXEL_BYTES];
        new Random(9).nextBytes(pixels);
        for (int n = 1; n <= 11; n++) {
            try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS);
                    ImageEncoder filling = ImageEncoder.open(bundle.open(), SETTINGS, true)) {
                float[] expected = encoder.encode(ByteBuffer.wrap(pixels), n);
                assertThat(filling.encode(ByteBuffer.wrap(pixels), n)).containsExactly(expected);
                ByteBuffer direct = ByteBuffer.allocateDirect(pixels.length).put(pixels);
                assertThat(filling.encode(direct, n)).containsExactly(expected);
            }
        }
    }

    @Test
    void filledUpRunsOfPicturesHaveOneShape() {
        bundle.put("image-tells-batch.onnx", "image.onnx");
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS);
                ImageEncoder filling = ImageEncoder.open(bundle.open(), SETTINGS, true)) {
            for (int n = 1; n <= 9; n++) {
                ByteBuffer pixels = ByteBuffer.allocateDirect(n * PIXEL_BYTES);
                for (int i = 0; i < n; i++) {
                    int run = Math.min(4, n - i / 4 * 4);
                    assertThat(told(encoder.encode(pixels, n), i, 0)).isEqualTo(run + 1);
                    assertThat(told(filling.encode(pixels, n), i, 0)).isEqualTo(4 + 1);
                }
            }
        }
    }

    /** As on a GPU. */
    @Test
    void filledUpRunsOfTextsGiveTheSameInFewShapes() {
        List<String> texts = List.of("cat", "", "a red car in front of the old house and more", "猫", "dog dog", "x");
        for (int n = 1; n <= texts.size(); n++) {
            try (TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS);
                    TextEncoder filling = TextEncoder.open(bundle.open(), SETTINGS, true)) {
                assertThat(filling.encode(texts.subList(0, n))).containsExactly(encoder.encode(texts.subList(0, n)));
            }
        }
        bundle.put("text-tells-shape.onnx", "text.onnx");
        bundle.with(manifest -> ((ObjectNode) manifest.get("text")).put("maxLength", 40));
        String words = "cat ".repeat(17);
        try (TextEncoder filling = TextEncoder.open(bundle.open(), SETTINGS, true)) {
            assertShape(filling.encode(List.of("cat")), 1, 16);
            assertShape(filling.encode(List.of("cat", "dog")), 2, 16);
            assertShape(filling.encode(List.of("cat", "dog", "x")), 4, 16);
            assertShape(filling.encode(List.of(words)), 1, 32);
            assertShape(filling.encode(List.of(words + words)), 1, 40);
        }
    }

    private static void assertShape(float[] embeddings, int rows, int length) {
        assertThat(told(embeddings, 0, 0)).isEqualTo(rows);
        assertThat(told(embeddings, 0, 1)).isEqualTo(length);
    }

    /** A number that a model tells beside a one. */
    private static long told(float[] embeddings, int row, int column) {
        return Math.round(embeddings[3 * row + column] / (double) embeddings[3 * row + 2]);
    }

    @Test
    void aRunThatIsFilledUpHidesNoWrongNumberOfFloats() {
        bundle.put("image-secretly-wide.onnx", "image.onnx");
        try (ImageEncoder filling = ImageEncoder.open(bundle.open(), SETTINGS, true)) {
            assertThatThrownBy(() -> filling.encode(ByteBuffer.allocate(PIXEL_BYTES), 1))
                    .hasMessage(bundle.directory.resolve("image.onnx")
                            + " gave 24 floats for a batch of 4, expected 3 each");
        }
    }

    @Test
    void impossibleSettingsAreInputErrors() {
        assertThatThrownBy(() -> new EncoderSettings(Device.CUDA, 0, 1 << 20, 1, 1))
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining("1048576");
        for (int[] numbers : new int[][] {{-1, 1, 1}, {0, 0, 1}, {0, 1, 0}, {0, 1, 4097}}) {
            assertThatThrownBy(() -> new EncoderSettings(Device.CPU, numbers[0], 1L << 30, numbers[1], numbers[2]))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.INPUT));
        }
    }

    @Test
    void closingATextEncoderWaitsForCallsUnderWayAndEndsLaterOnes() throws Exception {
        for (int round = 0; round < 10; round++) {
            TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS);
            AtomicInteger done = new AtomicInteger();
            ExecutorService threads = Executors.newFixedThreadPool(4);
            try {
                var calls = IntStream.range(0, 4)
                        .<Future<?>>mapToObj(thread -> threads.submit(() -> {
                            while (true) {
                                encoder.encode(List.of("a red car in front of the old house".repeat(50), "cat"));
                                done.incrementAndGet();
                            }
                        }))
                        .toList();
                while (done.get() < 20) {
                    Thread.onSpinWait();
                }
                encoder.close();
                for (Future<?> call : calls) {
                    assertThatThrownBy(call::get)
                            .hasCauseInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("closed");
                }
            } finally {
                threads.shutdownNow();
            }
            encoder.close();
        }
    }
}
