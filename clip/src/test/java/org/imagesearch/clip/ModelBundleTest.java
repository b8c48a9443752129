package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.Fingerprint;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelBundleTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path directory;
    private TestBundle bundle;

    @BeforeEach
    void makeARightBundle() {
        directory = folder.resolve("bundle");
        bundle = new TestBundle(directory);
    }

    @Test
    void aRightBundleSaysWhatItIs() {
        ModelBundle opened = bundle.open();
        assertThat(opened.name()).isEqualTo("tiny");
        assertThat(opened.dimension()).isEqualTo(3);
        assertThat(opened.directory()).isEqualTo(directory);
        assertThat(opened.image()).isEqualTo(new ImageSpec(directory.resolve("image.onnx"), "pixels", "embedding", 4));
        assertThat(opened.text())
                .isEqualTo(new TextSpec(
                        directory.resolve("text.onnx"),
                        Optional.of("input_ids"),
                        Optional.of("attention_mask"),
                        Optional.of("embedding"),
                        directory.resolve("tokenizer.json"),
                        16,
                        TextSpec.Padding.LONGEST,
                        TextSpec.Pooling.IN_GRAPH,
                        Optional.empty(),
                        true));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            textBlock =
                    """
                    formatVersion      | 2                 | 2, expected 1
                    formatVersion      | "1"               | "1", expected 1
                    formatVersion      |                   | missing, expected 1
                    name               | "  "              | "  ", expected a text
                    name               | 7                 | 7, expected a text
                    name               |                   | missing, expected a text
                    dimension          | 0                 | 0, expected a whole number 1 to 8192
                    dimension          | 8193              | 8193, expected a whole number 1 to 8192
                    dimension          | 3.0               | 3.0, expected a whole number 1 to 8192
                    dimension          | 99999999999       | 99999999999, expected a whole number 1 to 8192
                    dimension          | null              | null, expected a whole number 1 to 8192
                    dimension          |                   | missing, expected a whole number 1 to 8192
                    image              |                   | missing, expected an object
                    image              | "image.onnx"      | "image.onnx", expected an object
                    image.model        |                   | missing, expected a text
                    image.input        | ""                | "", expected a text
                    image.size         | 0                 | 0, expected a whole number 1 to 1024
                    image.size         | 1025              | 1025, expected a whole number 1 to 1024
                    image.resize       | "squash"          | "squash", expected "shortest-edge-bicubic" or "square-bicubic"
                    image.resize       |                   | missing, expected a text
                    image.pixels       | "float-nchw"      | "float-nchw", expected "uint8-nhwc" or "float32-nchw"
                    image.normalised   | "yes"             | "yes", expected true or false
                    text               | []                | [], expected an object
                    text.model         |                   | missing, expected a text
                    text.tokenizer     |                   | missing, expected a text
                    text.maxLength     | 2                 | 2, expected a whole number 3 to 4096
                    text.maxLength     | 4097              | 4097, expected a whole number 3 to 4096
                    text.output        | 7                 | 7, expected a text
                    text.attentionMask | ""                | "", expected a text
                    text.pooling       | "max"             | "max", expected "in-graph" or "mean"
                    text.padding       | "no"              | "no", expected "longest" or "max-length"
                    text.dense         | "tokenizer.json"  | "tokenizer.json", expected nothing, for pooling is "in-graph"
                    text.normalised    | 1                 | 1, expected true or false
                    golden             | "../golden.json"  | "../golden.json", expected a file inside the bundle
                    """)
    void everyCheckNamesFileFieldFoundAndExpected(String path, String value, String message) {
        bundle.with(manifest -> set(manifest, path, value));
        assertRefused(directory.resolve("bundle.json") + ": " + path + " is " + message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\'',
            textBlock =
                    """
                    mean |                     | missing, expected 3 numbers
                    mean | [0.5, 0.5]          | [0.5,0.5], expected 3 numbers
                    mean | [0.5, 0.5, "0.5"]   | [0.5,0.5,"0.5"], expected 3 numbers
                    mean | [0, 0, 0, 0]        | [0,0,0,0], expected 3 numbers
                    std  | [0.5, 0, 0.5]       | [0.5,0,0.5], expected 3 numbers
                    std  | [0.5, -1, 0.5]      | [0.5,-1,0.5], expected 3 numbers
                    std  | 0.5                 | 0.5, expected 3 numbers
                    """)
    void whatWeNormaliseByMustBeThere(String field, String value, String message) {
        bundle.with(manifest -> {
            ObjectNode image = (ObjectNode) manifest.get("image");
            image.put("pixels", "float32-nchw");
            image.putArray("mean").add(0.5).add(0.25).add(0.125);
            image.putArray("std").add(0.5).add(0.25).add(0.125);
            set(manifest, "image." + field, value);
        });
        assertRefused(directory.resolve("bundle.json") + ": image." + field + " is " + message);
    }

    private static void set(ObjectNode manifest, String path, String value) {
        String[] steps = path.split("\\.", -1);
        ObjectNode section = steps.length == 1 ? manifest : (ObjectNode) manifest.get(steps[0]);
        String field = steps[steps.length - 1];
        if (value == null) {
            section.remove(field);
            return;
        }
        try {
            section.set(field, JSON.readTree(value));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../bundle2/image.onnx",
                "../../image.onnx",
                "sub/../../image.onnx",
                "/etc/passwd",
                "..",
                "image\u0000.onnx"
            })
    void filesOutsideTheBundleAreRefused(String name) throws IOException {
        Files.createDirectories(folder.resolve("bundle2"));
        Files.write(folder.resolve("bundle2/image.onnx"), new byte[1]);
        Files.write(folder.resolve("image.onnx"), new byte[1]);
        for (String field : List.of("image.model", "text.model", "text.tokenizer")) {
            bundle.with(manifest -> {
                String[] steps = field.split("\\.", -1);
                ((ObjectNode) manifest.get(steps[0])).put(steps[1], name);
            });
            assertRefused("bundle.json: " + field + " is \"", "expected a file inside the bundle");
        }
    }

    @ParameterizedTest
    @CsvSource({"image.onnx, image.model", "text.onnx, text.model", "tokenizer.json, text.tokenizer"})
    void aMissingFileIsNamedWithItsField(String name, String field) throws IOException {
        Files.delete(directory.resolve(name));
        assertRefused(directory.resolve("bundle.json") + " names a file that is not there: " + field + " is " + name);
        Files.createDirectory(directory.resolve(name));
        assertRefused(field + " is " + name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}}", "[]", "null", "7", "not json"})
    void whatIsNoManifestIsRefusedByName(String content) {
        bundle.write(content);
        assertRefused(directory.resolve("bundle.json").toString());
    }

    @Test
    void aManifestOfMoreThanAMebibyteIsNotRead() {
        bundle.with(manifest -> manifest.put("padding", "x".repeat(1 << 20)));
        assertRefused(directory.resolve("bundle.json") + " is larger than 1048576 bytes");
    }

    @Test
    void aFolderWithoutManifestIsAnInputError() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        for (Path nothing : List.of(empty, folder.resolve("absent"))) {
            assertThatThrownBy(() -> ModelBundle.open(nothing))
                    .isInstanceOfSatisfying(ImageSearchException.class, e -> assertThat(e.code())
                            .isEqualTo(ErrorCode.INPUT))
                    .hasMessageContaining(nothing + " is not a model bundle: it has no bundle.json");
        }
    }

    @Test
    void aBundleMayBeNamedInAnyWay() {
        Fingerprint fingerprint = bundle.open().fingerprint();
        Path here = Path.of("").toAbsolutePath();
        for (Path way :
                List.of(directory, directory.resolve("."), directory.resolve("sub/.."), here.relativize(directory))) {
            assertThat(ModelBundle.open(way).fingerprint()).isEqualTo(fingerprint);
        }
    }

    /** A bundle in the working directory, which may be named by a dot or by nothing. */
    @Test
    void theWorkingDirectoryMayBeABundle() {
        for (Path way : List.of(Path.of("."), Path.of(""))) {
            assertThatThrownBy(() -> ModelBundle.open(way))
                    .hasMessage(Path.of("").toAbsolutePath() + " is not a model bundle: it has no bundle.json");
        }
        ModelBundle relative = ModelBundle.open(Path.of("").toAbsolutePath().relativize(directory));
        assertThat(relative.image().model()).isAbsolute();
    }

    @Test
    void linksAreFollowedAsCachesOfModelsMakeThem() throws IOException {
        Fingerprint fingerprint = bundle.open().fingerprint();
        Path blob = folder.resolve("blob");
        Files.move(directory.resolve("image.onnx"), blob);
        Files.createSymbolicLink(directory.resolve("image.onnx"), blob);
        assertThat(bundle.open().fingerprint()).isEqualTo(fingerprint);
    }

    @Test
    void theFingerprintIsTheSameWhereverAndHoweverTheManifestIsWritten() throws IOException {
        Fingerprint fingerprint = bundle.open().fingerprint();
        // Pinned: data embedded by an earlier version must stay searchable.
        assertThat(fingerprint).hasToString("sha256:a2a324e77bcee02be32ffe373da6c7b5a7479a31d5f894bfb2b4c26d5ff155ad");
        assertThat(new TestBundle(folder.resolve("elsewhere")).open().fingerprint())
                .isEqualTo(fingerprint);
        String pretty = TestBundle.manifest().toPrettyString();
        for (String written : List.of(
                TestBundle.manifest().toString(),
                pretty.replace("\n", "\r\n\t"),
                pretty.replace("0.25", "2.5e-1").replace("\"tiny\"", "\"\\u0074iny\""))) {
            assertThat(bundle.write(written).open().fingerprint()).isEqualTo(fingerprint);
        }
        Files.write(directory.resolve("README.md"), new byte[] {1});
        assertThat(bundle.open().fingerprint()).isEqualTo(fingerprint);
    }

    @Test
    void theFingerprintChangesWithEveryFieldAndEveryFile() throws IOException {
        Set<Fingerprint> seen = new HashSet<>(Set.of(bundle.open().fingerprint()));
        bundle.with(manifest -> manifest.put("version", "2"));
        assertThat(seen.add(bundle.open().fingerprint())).isTrue();
        bundle.with(manifest ->
                ((ObjectNode) manifest.get("image")).putArray("mean").add(0.5));
        assertThat(seen.add(bundle.open().fingerprint())).isTrue();
        bundle.with(manifest -> manifest.put("of-a-later-version", true));
        assertThat(seen.add(bundle.open().fingerprint())).isTrue();
        bundle.write(TestBundle.manifest());
        for (String name : List.of("image.onnx", "text.onnx", "tokenizer.json")) {
            Path file = directory.resolve(name);
            byte[] bytes = Files.readAllBytes(file);
            for (int at : new int[] {0, bytes.length / 2, bytes.length - 1}) {
                byte[] changed = bytes.clone();
                changed[at] ^= 1;
                Files.write(file, changed);
                assertThat(seen.add(bundle.open().fingerprint()))
                        .as("byte %d of %s", at, name)
                        .isTrue();
            }
            Files.write(file, bytes);
        }
        Path weights = directory.resolve("image.onnx_data");
        Files.write(weights, new byte[] {1, 2, 3});
        assertThat(seen.add(bundle.open().fingerprint())).isTrue();
        Files.write(weights, new byte[] {1, 2, 4});
        assertThat(seen.add(bundle.open().fingerprint())).isTrue();
        Files.delete(weights);
        assertThat(seen.add(bundle.open().fingerprint())).isFalse();
    }

    @Test
    void weightsInAFileOfAnyNameBelongToTheFingerprint() throws IOException {
        bundle.put("image-external.onnx", "image.onnx").put("weights.bin", "weights.bin");
        Fingerprint fingerprint = bundle.open().fingerprint();
        byte[] bytes = Files.readAllBytes(directory.resolve("weights.bin"));
        bytes[5] ^= 1;
        Files.write(directory.resolve("weights.bin"), bytes);
        assertThat(bundle.open().fingerprint()).isNotEqualTo(fingerprint);
        Files.delete(directory.resolve("weights.bin"));
        assertRefused(directory.resolve("image.onnx") + " keeps weights in weights.bin");
        Files.write(folder.resolve("weights.bin"), bytes);
        bundle.put("image-external-outside.onnx", "image.onnx");
        assertRefused(directory.resolve("image.onnx") + " keeps weights in ../weights.bin");
    }

    @Test
    void damagedModelsHaveFingerprintsToo() throws IOException {
        long seed = 77;
        Random random = new Random(seed);
        byte[] bytes = Files.readAllBytes(TestBundle.MODELS.resolve("image-external.onnx"));
        Path file = directory.resolve("image.onnx");
        bundle.put("weights.bin", "weights.bin");
        for (int i = 0; i < 2_000; i++) {
            byte[] damaged = Arrays.copyOf(bytes, i % 2 == 0 ? bytes.length : random.nextInt(bytes.length));
            for (int flips = random.nextInt(4); flips >= 0 && damaged.length > 0; flips--) {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, damaged);
            try {
                assertThat(ExternalWeights.of(file)).hasSizeLessThan(3);
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", damage " + i, e);
            }
        }
    }

    @Test
    void theShippedBundleKeepsItsWeightsInItsModels() throws IOException {
        for (String model : List.of("image.onnx", "text.onnx")) {
            assertThat(ExternalWeights.of(Path.of("../demo/model", model))).isEmpty();
        }
        assertThat(ExternalWeights.of(TestBundle.MODELS.resolve("image-external.onnx")))
                .containsExactly("weights.bin");
    }

    private void assertRefused(String... messages) {
        var refusal = assertThatThrownBy(() -> bundle.open())
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA));
        Stream.of(messages).forEach(refusal::hasMessageContaining);
    }
}
