package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The encoders on the bundle that the project ships. */
class DemoBundleTest {
    private static final ModelBundle BUNDLE = ModelBundle.open(Path.of("../demo/model"));

    @Test
    void oneThingHasOneMeaningInManyLanguages() {
        try (TextEncoder encoder = TextEncoder.open(BUNDLE, EncoderSettings.cpu(1, 16))) {
            List<String> texts = List.of("hamburger", "hamburguesa", "hampurilainen", "ハンバーガー", "гамбургер", "snowman");
            float[] embeddings = encoder.encode(texts);
            for (int i = 1; i < 5; i++) {
                assertThat(dot(embeddings, 0, i)).as(texts.get(i)).isGreaterThan(dot(embeddings, 0, 5) + 0.1);
            }
        }
    }

    @Test
    void aBatchGivesWhatSingleTextsGive() {
        try (TextEncoder one = TextEncoder.open(BUNDLE, EncoderSettings.cpu(1, 1));
                TextEncoder many = TextEncoder.open(BUNDLE, EncoderSettings.cpu(1, 3))) {
            List<String> texts =
                    List.of("a", "red car", "a longer text about a cat and a dog", "猫", "", "🍔", "x".repeat(20_000));
            assertThat(many.encode(texts)).hasSize(texts.size() * BUNDLE.dimension());
            assertClose(one.encode(texts), many.encode(texts));
        }
    }

    @Test
    void whatIsBeyondTheMaximumLengthDoesNotCount() {
        try (TextEncoder encoder = TextEncoder.open(BUNDLE, EncoderSettings.cpu(1, 4))) {
            String text = "cat ".repeat(BUNDLE.text().maxLength());
            assertClose(encoder.encode(List.of(text)), encoder.encode(List.of(text + " dog dog dog")));
        }
    }

    @Test
    void picturesAreEncodedAlikeInAnyBatch() {
        int n = 7;
        try (ImageEncoder one = ImageEncoder.open(BUNDLE, EncoderSettings.cpu(1, 1));
                ImageEncoder many = ImageEncoder.open(BUNDLE, EncoderSettings.cpu(2, 3))) {
            byte[] pixels = new byte[n * one.pixelBytes()];
            new Random(4).nextBytes(pixels);
            ByteBuffer direct = ByteBuffer.allocateDirect(pixels.length).put(pixels);
            assertClose(one.encode(ByteBuffer.wrap(pixels), n), many.encode(direct, n));
            assertThatThrownBy(() -> one.encode(direct, n + 1)).hasMessageContaining("8 pictures");
        }
    }

    @Test
    void closingWaitsForRunsAndEndsLaterOnes() throws Exception {
        ImageEncoder encoder = ImageEncoder.open(BUNDLE, EncoderSettings.cpu(1, 4));
        AtomicInteger done = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            var runs = IntStream.range(0, 4)
                    .<Future<?>>mapToObj(thread -> threads.submit(() -> {
                        ByteBuffer pixels = ByteBuffer.allocateDirect(encoder.pixelBytes());
                        while (true) {
                            encoder.encode(pixels, 1);
                            done.incrementAndGet();
                        }
                    }))
                    .toList();
            while (done.get() < 20) {
                Thread.onSpinWait();
            }
            encoder.close();
            for (Future<?> run : runs) {
                assertThatThrownBy(run::get)
                        .hasCauseInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("closed");
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static double dot(float[] embeddings, int a, int b) {
        int dimension = BUNDLE.dimension();
        return IntStream.range(0, dimension)
                .mapToDouble(i -> embeddings[a * dimension + i] * embeddings[b * dimension + i])
                .sum();
    }

    private static void assertClose(float[] a, float[] b) {
        assertThat(a.length).isEqualTo(b.length);
        for (int i = 0; i < a.length; i++) {
            assertThat(a[i]).isCloseTo(b[i], within(1e-5f));
        }
    }
}
