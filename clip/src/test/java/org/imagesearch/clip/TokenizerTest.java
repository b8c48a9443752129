package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.Encoding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.imagesearch.clip.TextSpec.Padding;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.Json;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ids against those of an implementation in plain Python; {@code src/test/python/make_tokens.py} writes them. */
class TokenizerTest {
    private static final Path DIRECTORY = Path.of("src/test/resources/tokens");
    private static final Path FILE = DIRECTORY.resolve("tokenizer.json");
    private static final GoldenIds GOLDEN = golden();

    record GoldenIds(int maxLength, long end, List<Case> cases) {}

    /** A piece of a text and how often it is repeated. */
    record Case(String group, String text, int times, long[] ids) {
        String whole() {
            return text.repeat(times);
        }

        @Override
        public String toString() {
            return group + ": " + (text.length() > 40 ? text.substring(0, 40) + "..." : text);
        }
    }

    static List<Case> cases() {
        return GOLDEN.cases();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void idsAreThoseOfTheReference(Case example) {
        try (Tokenizer tokenizer = Tokenizer.open(FILE, GOLDEN.maxLength(), Padding.LONGEST)) {
            Encoding[] encodings = tokenizer.encode(List.of(example.whole()));
            assertThat(encodings).hasSize(1);
            assertThat(encodings[0].getIds()).containsExactly(example.ids());
            assertThat(encodings[0].getAttentionMask()).containsOnly(1).hasSameSizeAs(example.ids());
        }
    }

    @Test
    void aBatchIsPaddedToItsLongestTextAndMasked() {
        List<String> texts = GOLDEN.cases().stream().map(Case::whole).toList();
        try (Tokenizer tokenizer = Tokenizer.open(FILE, GOLDEN.maxLength(), Padding.LONGEST)) {
            Encoding[] encodings = tokenizer.encode(texts);
            for (int i = 0; i < encodings.length; i++) {
                long[] expected = GOLDEN.cases().get(i).ids();
                long[] mask = new long[GOLDEN.maxLength()];
                Arrays.fill(mask, 0, expected.length, 1);
                assertThat(encodings[i].getIds()).hasSize(GOLDEN.maxLength()).startsWith(expected);
                assertThat(encodings[i].getAttentionMask()).containsExactly(mask);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void whatIsCutOffKeepsItsEndMarkerAtEveryLength(Case example) {
        for (int maxLength = 3; maxLength < GOLDEN.maxLength(); maxLength += 4) {
            try (Tokenizer tokenizer = Tokenizer.open(FILE, maxLength, Padding.LONGEST)) {
                long[] expected = example.ids();
                if (expected.length > maxLength) {
                    expected = Arrays.copyOf(expected, maxLength);
                    expected[maxLength - 1] = GOLDEN.end();
                }
                assertThat(tokenizer.encode(List.of(example.whole()))[0].getIds())
                        .containsExactly(expected);
            }
        }
    }

    /** Java's strings may hold halves of characters, which no encoding of Unicode can carry. */
    @Test
    void halvesOfCharactersAreNoReasonToFail() {
        try (Tokenizer tokenizer = Tokenizer.open(FILE, GOLDEN.maxLength(), Padding.LONGEST)) {
            for (String text : List.of("\ud83c", "\udf54", "cat \ud83c dog", "\udf54\ud83c", "cat\u0000dog")) {
                assertThat(tokenizer.encode(List.of(text))[0].getIds()).endsWith(GOLDEN.end());
            }
        }
    }

    @Test
    void closingWaitsForCallsUnderWayAndEndsLaterOnes() throws Exception {
        for (int round = 0; round < 20; round++) {
            Tokenizer tokenizer = Tokenizer.open(FILE, GOLDEN.maxLength(), Padding.LONGEST);
            AtomicInteger done = new AtomicInteger();
            ExecutorService threads = Executors.newFixedThreadPool(4);
            try {
                var calls = IntStream.range(0, 4)
                        .<Future<?>>mapToObj(thread -> threads.submit(() -> {
                            while (true) {
                                tokenizer.encode(List.of("a red car in front of the old house".repeat(100)));
                                done.incrementAndGet();
                            }
                        }))
                        .toList();
                while (done.get() < 20) {
                    Thread.onSpinWait();
                }
                tokenizer.close();
                for (Future<?> call : calls) {
                    assertThatThrownBy(call::get)
                            .hasCauseInstanceOf(IllegalStateException.class)
                            .hasMessageContaining("tokenizer.json is closed");
                }
            } finally {
                threads.shutdownNow();
            }
            tokenizer.close();
        }
    }

    @Test
    void whatIsNoTokenizerIsADataErrorThatNamesTheFile(@TempDir Path folder) throws IOException {
        String whole = Files.readString(FILE);
        for (String content : List.of("", "{}", "[]", whole.substring(0, whole.length() / 2), "\u0000\u0001")) {
            Path file = Files.writeString(folder.resolve("broken.json"), content);
            assertRefused(file);
        }
        assertRefused(folder.resolve("absent.json"));
        assertRefused(folder);
    }

    private static void assertRefused(Path file) {
        assertThatThrownBy(() -> Tokenizer.open(file, 16, Padding.LONGEST).close())
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA))
                .hasMessageContaining(file.toString());
    }

    private static GoldenIds golden() {
        try {
            byte[] bytes = Files.readAllBytes(DIRECTORY.resolve("golden.json"));
            return Json.read(bytes, GoldenIds.class, "golden.json");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
