package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.imagesearch.clip.TextSpec.Padding;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoders on models of other people's layouts, whose results can be computed by hand. */
class ForeignModelTest {
    private static final int PIXEL_BYTES = 4 * 4 * 3;
    private static final EncoderSettings SETTINGS = EncoderSettings.cpu(1, 4);
    private static final float[] MEAN = {0.48145467f, 0.4578275f, 0.40821072f};
    private static final float[] STD = {0.26862955f, 0.2613026f, 0.2757771f};
    private static final List<String> TEXTS = List.of("cat", "", "a red car in front of the old house and more", "猫");

    @TempDir
    Path folder;

    private TestBundle bundle;

    @BeforeEach
    void makeARightBundle() {
        bundle = new TestBundle(folder.resolve("bundle"));
    }

    /** Names are found in the model, pixels are normalised and results scaled by us. */
    @ParameterizedTest
    @CsvSource({"foreign-image.onnx, 1e-6", "foreign-image-half.onnx, 2e-3"})
    void anImageModelOfFloatsWithChannelsFirst(String model, double tolerance) {
        bundle.put(model, "image.onnx").with(ForeignModelTest::foreignImage);
        long seed = 12;
        int n = 9;
        byte[] pixels = new byte[n * PIXEL_BYTES];
        new Random(seed).nextBytes(pixels);
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            float[] embeddings = encoder.encode(ByteBuffer.wrap(pixels), n);
            assertThat(embeddings).hasSize(3 * n);
            for (int picture = 0; picture < n; picture++) {
                double[] expected = unit(channelMeans(pixels, picture));
                for (int channel = 0; channel < 3; channel++) {
                    assertThat((double) embeddings[3 * picture + channel])
                            .as("seed %d, picture %d", seed, picture)
                            .isCloseTo(expected[channel], within(tolerance));
                }
            }
        }
    }

    private static double[] channelMeans(byte[] pixels, int picture) {
        double[] means = new double[3];
        for (int i = 0; i < PIXEL_BYTES; i++) {
            float scaled = (float) ((pixels[picture * PIXEL_BYTES + i] & 0xff) / 255.0);
            means[i % 3] += (scaled - MEAN[i % 3]) / STD[i % 3] / 16;
        }
        return means;
    }

    /** By the definition in Hugging Face's processor, of every byte. */
    @Test
    void everyByteIsNormalisedAsTheReferenceDoes() {
        byte[] pixels = new byte[16 * 16 * 3];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) (i / 3);
        }
        ByteBuffer out = ByteBuffer.allocateDirect(pixels.length * Float.BYTES).order(ByteOrder.nativeOrder());
        new PixelNormalizer(16, List.of(MEAN[0], MEAN[1], MEAN[2]), List.of(STD[0], STD[1], STD[2]))
                .apply(ByteBuffer.wrap(pixels), 1, out.asFloatBuffer());
        for (int channel = 0; channel < 3; channel++) {
            for (int value = 0; value < 256; value++) {
                float scaled = (float) (value * 0.00392156862745098);
                assertThat(out.asFloatBuffer().get(channel * 256 + value))
                        .isEqualTo((scaled - MEAN[channel]) / STD[channel]);
            }
        }
    }

    @Test
    void aSquareModelSeesTheWholePicture() {
        bundle.with(manifest -> ((ObjectNode) manifest.get("image")).put("resize", "square-bicubic"));
        byte[] rgb = new byte[3 * 8 * 4];
        Arrays.fill(rgb, (byte) 200);
        for (int row = 0; row < 4; row++) {
            Arrays.fill(rgb, 24 * row, 24 * row + 6, (byte)
                    0); // two black columns at the left, which a middle square cuts off
        }
        Picture picture = new Picture(8, 4, rgb);
        byte[] whole = new Preprocessor(bundle.open().image()).apply(picture);
        byte[] middle =
                new Preprocessor(new TestBundle(folder.resolve("other")).open().image()).apply(picture);
        assertThat(whole).hasSize(PIXEL_BYTES);
        assertThat(whole[0] & 0xff).isLessThan(40);
        assertThat(middle[0] & 0xff).isGreaterThan(160);
    }

    @Test
    void outputsThatCannotBeToldApartAreListed() {
        bundle.put("foreign-image-ambiguous.onnx", "image.onnx").with(ForeignModelTest::foreignImage);
        assertRefused(
                () -> ImageEncoder.open(bundle.open(), SETTINGS),
                "image.onnx has 2 outputs of floats with shape [-1, 3], expected one, since the bundle names none; it has"
                        + " image_embeds FLOAT [-1, 3], pooled FLOAT [-1, 3]");
        bundle.put("text.onnx", "image.onnx");
        assertRefused(
                () -> ImageEncoder.open(bundle.open(), SETTINGS),
                "image.onnx has more than one input, and the bundle names none; it has input_ids INT64 [-1, -1],"
                        + " attention_mask INT64 [-1, -1]");
    }

    @Test
    void aModelThatPromisesUnitLengthIsHeldToIt() {
        bundle.put("foreign-image.onnx", "image.onnx")
                .with(manifest -> foreignImage(manifest).remove("normalised"));
        try (ImageEncoder encoder = ImageEncoder.open(bundle.open(), SETTINGS)) {
            assertThatThrownBy(() -> encoder.encode(ByteBuffer.allocate(PIXEL_BYTES), 1))
                    .hasMessageContaining("image.onnx gave an embedding of length");
        }
    }

    @Test
    void aTextModelOfInt32WithItsOwnMask() {
        bundle.put("text-of-int32.onnx", "text.onnx");
        float[] narrow;
        try (TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS)) {
            narrow = encoder.encode(TEXTS);
        }
        bundle.put("text.onnx", "text.onnx");
        try (TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS)) {
            assertThat(encoder.encode(TEXTS)).containsExactly(narrow);
        }
    }

    @Test
    void aTextModelOfFixedLengthWithoutMask() {
        bundle.put("foreign-text-fixed-length.onnx", "text.onnx").with(manifest -> {
            ObjectNode text = (ObjectNode) manifest.get("text");
            text.remove(List.of("inputIds", "attentionMask", "output"));
            text.put("padding", "max-length").put("normalised", false);
        });
        try (TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS);
                Tokenizer tokenizer = Tokenizer.open(bundle.open().text().tokenizer(), 16, Padding.LONGEST)) {
            float[] embeddings = encoder.encode(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                long[] ids = tokenizer.encode(List.of(TEXTS.get(i)))[0].getIds();
                double last = ids.length < 16 ? 0 : ids[15];
                assertClose(embeddings, i, unit(new double[] {ids[0], last, 1}));
                assertThat(encoder.tokens(TEXTS.get(i)))
                        .containsExactlyElementsOf(Arrays.stream(ids).boxed().toList());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dense.safetensors", "dense-half.safetensors"})
    void aTextModelOfTokensIsPooledAndProjectedByUs(String dense) {
        bundle.put("foreign-tokens.onnx", "text.onnx")
                .put(dense, "2_Dense/weights.safetensors")
                .with(manifest -> foreignTokens(manifest).put("dense", "2_Dense/weights.safetensors"));
        try (TextEncoder encoder = TextEncoder.open(bundle.open(), SETTINGS);
                Tokenizer tokenizer = Tokenizer.open(bundle.open().text().tokenizer(), 16, Padding.LONGEST)) {
            float[] embeddings = encoder.encode(TEXTS);
            for (int i = 0; i < TEXTS.size(); i++) {
                double mean = Arrays.stream(tokenizer.encode(List.of(TEXTS.get(i)))[0].getIds())
                        .average()
                        .orElseThrow();
                assertClose(
                        embeddings, i, unit(new double[] {0.5 * mean - 3, -0.125 * mean + Math.pow(2, -24), mean + 65504
                        }));
            }
        }
    }

    @Test
    void weightsThatDoNotFitAreRefusedWithWhatTheyAre() throws IOException {
        bundle.put("foreign-tokens.onnx", "text.onnx").with(ForeignModelTest::foreignTokens);
        assertRefused(
                () -> TextEncoder.open(bundle.open(), SETTINGS),
                "text.onnx gives 2 floats per token, expected 3, for the bundle has no text.dense");
        bundle.put("foreign-tokens-unknown-width.onnx", "text.onnx");
        assertRefused(
                () -> TextEncoder.open(bundle.open(), SETTINGS),
                "text.onnx: output 'token_embeddings' has no fixed width; it has token_embeddings FLOAT [-1, -1, -1]");
        bundle.put("foreign-tokens.onnx", "text.onnx")
                .with(manifest -> foreignTokens(manifest).put("dense", "dense.safetensors"));
        Path dense = bundle.directory.resolve("dense.safetensors");
        byte[] right = Files.readAllBytes(TestBundle.MODELS.resolve("dense.safetensors"));
        String header = new String(right, 8, right.length - 8 - 24, StandardCharsets.UTF_8);
        for (String[] change : new String[][] {
            {"linear.weight", "linear.wrong1", "tensor linear.weight is missing, expected F32 or F16 of shape [3,2]"},
            {"[3, 2]", "[2, 3]", "tensor linear.weight is {\"dtype\":\"F32\",\"shape\":[2,3]"},
            {"\"F32\"", "\"I32\"", "tensor linear.weight is {\"dtype\":\"I32\""},
            {"[0, 24]", "[0, 20]", "\"data_offsets\":[0,20]}, expected F32"},
            {"[0, 24]", "[4, 28]", "is no safetensors file: it ends at byte " + right.length},
        }) {
            byte[] wrong = right.clone();
            byte[] changed = header.replace(change[0], change[1]).getBytes(StandardCharsets.UTF_8);
            assertThat(changed).hasSize(header.length());
            System.arraycopy(changed, 0, wrong, 8, changed.length);
            Files.write(dense, wrong);
            assertRefused(() -> TextEncoder.open(bundle.open(), SETTINGS), dense + "", change[2]);
        }
        for (int length : new int[] {0, 7, 8, 20, right.length - 1}) {
            Files.write(dense, Arrays.copyOf(right, length));
            assertRefused(() -> TextEncoder.open(bundle.open(), SETTINGS), dense + " is no safetensors file");
        }
        byte[] endless = right.clone();
        endless[6] = 1;
        Files.write(dense, endless);
        assertRefused(
                () -> TextEncoder.open(bundle.open(), SETTINGS), dense + " is no safetensors file: its header has");
    }

    @Test
    void theFingerprintCoversTheDenseWeights() throws IOException {
        bundle.put("dense.safetensors", "dense.safetensors")
                .with(manifest -> foreignTokens(manifest).put("dense", "dense.safetensors"));
        var fingerprint = bundle.open().fingerprint();
        bundle.put("dense-half.safetensors", "dense.safetensors");
        assertThat(bundle.open().fingerprint()).isNotEqualTo(fingerprint);
    }

    private static ObjectNode foreignImage(ObjectNode manifest) {
        ObjectNode image = (ObjectNode) manifest.get("image");
        image.remove(List.of("input", "output"));
        image.put("pixels", "float32-nchw").put("normalised", false);
        image.putArray("mean").add(MEAN[0]).add(MEAN[1]).add(MEAN[2]);
        image.putArray("std").add(STD[0]).add(STD[1]).add(STD[2]);
        return image;
    }

    private static ObjectNode foreignTokens(ObjectNode manifest) {
        ObjectNode text = (ObjectNode) manifest.get("text");
        text.remove("output");
        return text.put("pooling", "mean").put("normalised", false);
    }

    private static double[] unit(double[] vector) {
        double length = Math.sqrt(Arrays.stream(vector).map(x -> x * x).sum());
        return Arrays.stream(vector).map(x -> x / length).toArray();
    }

    private static void assertClose(float[] embeddings, int item, double[] expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) embeddings[expected.length * item + i]).isCloseTo(expected[i], within(1e-6));
        }
    }

    private static void assertRefused(Callable<AutoCloseable> opening, String... messages) {
        var refusal = assertThatThrownBy(() -> opening.call().close())
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA));
        for (String message : messages) {
            refusal.hasMessageContaining(message);
        }
    }
}
