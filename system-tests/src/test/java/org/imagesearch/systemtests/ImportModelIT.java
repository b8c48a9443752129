package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Checkpoints in the published layouts, filled with seeded random numbers, imported, and what Java computes with them compared
 * with what torch does.
 *
 * <p>Tokens must be identical; {@code bin/verify-model} checks them along with the cosines.
 */
class ImportModelIT {
    private static final String CLIP = "clip-vit-base-patch32";
    private static final String MULTILINGUAL = "clip-ViT-B-32-multilingual-v1";

    /** Some 3 GB while a test runs. */
    @TempDir
    Path folder;

    @Test
    void modelsOfFullSizeGiveTorchsEmbeddings() throws IOException {
        makeCheckpoints("full", CLIP + "," + MULTILINGUAL, List.of());
        for (String precision : List.of("fp32", "fp16")) {
            Path bundle = importModel(CLIP, MULTILINGUAL, "--precision", precision);
            String verified = verify(
                    bundle, "--golden", reference(), "--cosine", precision.equals("fp32") ? "0.999999" : "0.9995");
            assertThat(verified).contains("20").contains("56");
            verify(bundle);
            delete(bundle);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "clip-ViT-B-32, clip-ViT-B-32-multilingual-v1, clip-ViT-B-32-multilingual-v1",
        "clip-vit-base-patch32, clip-vit-base-patch32, clip-vit-base-patch32",
        "clip-vit-base-patch32, clip-ViT-B-32-multilingual-v1-written-by-6, clip-ViT-B-32-multilingual-v1",
        "clip-ViT-B-32-vision, clip-ViT-B-32-multilingual-v1-onnx, clip-ViT-B-32-multilingual-v1",
        "xenova-clip-vit-base-patch32, xenova-clip-vit-base-patch32, clip-vit-base-patch32",
        "ViT-B-32__openai, ViT-B-32__openai, clip-vit-base-patch32",
    })
    void everyLayoutGivesTorchsEmbeddings(String image, String text, String referenceText) {
        String folders = String.join(
                ",", Stream.of(CLIP, MULTILINGUAL, image, text).distinct().toList());
        makeCheckpoints("tiny", folders, List.of("--reference-text", referenceText));
        verify(importModel(image, text), "--golden", reference(), "--cosine", "0.999999");
    }

    @Test
    void siglipSeesTheWholePictureAsASquare() {
        String siglip = "siglip-base-patch16-224";
        makeCheckpoints("tiny", siglip + "," + MULTILINGUAL, List.of("--dimension", "64", "--reference-image", siglip));
        verify(importModel(siglip, MULTILINGUAL), "--golden", reference(), "--cosine", "0.999999");
    }

    @Test
    void aBundleWhoseWeightsWereChangedIsFoundOut() throws IOException {
        makeCheckpoints("tiny", CLIP + "," + MULTILINGUAL, List.of());
        Path bundle = importModel(CLIP, MULTILINGUAL);
        verify(bundle);
        Path other = folder.resolve("other");
        run(
                "other",
                List.of(
                        "models/tests/make_checkpoints.py",
                        "--output",
                        other.toString(),
                        "--size",
                        "tiny",
                        "--seed",
                        "2",
                        "--only",
                        CLIP));
        run(
                "import-other",
                List.of(
                        "bin/import-model",
                        "--image",
                        other.resolve(CLIP).toString(),
                        "--text",
                        checkpoint(MULTILINGUAL),
                        "--output",
                        other.resolve("bundle").toString()));
        Files.delete(bundle.resolve("image.onnx"));
        Files.copy(other.resolve("bundle/image.onnx"), bundle.resolve("image.onnx"));
        Path log = folder.resolve("changed.log");
        assertThat(Command.status(log, List.of("bin/verify-model", bundle.toString())))
                .isEqualTo(1);
        assertThat(Files.readString(log)).contains("golden/").contains("0.9999");
    }

    private void makeCheckpoints(String size, String folders, List<String> more) {
        List<String> command = new ArrayList<>(List.of(
                "models/tests/make_checkpoints.py",
                "--output",
                folder.toString(),
                "--size",
                size,
                "--only",
                folders,
                "--reference",
                reference()));
        command.addAll(more);
        run("make", command);
    }

    private Path importModel(String image, String text, String... more) {
        Path bundle = folder.resolve("bundle");
        List<String> command = new ArrayList<>(List.of(
                "bin/import-model",
                "--image",
                checkpoint(image),
                "--text",
                checkpoint(text),
                "--output",
                bundle.toString()));
        command.addAll(List.of(more));
        run("import", command);
        return bundle;
    }

    /** What it said. */
    private String verify(Path bundle, String... more) {
        List<String> command = new ArrayList<>(List.of("bin/verify-model", bundle.toString()));
        command.addAll(List.of(more));
        return run("verify", command);
    }

    private String run(String name, List<String> command) {
        Path log = folder.resolve(name + ".log");
        Command.run(log, command);
        return Command.tail(log);
    }

    private String checkpoint(String name) {
        return folder.resolve(name).toString();
    }

    private String reference() {
        return folder.resolve("reference.json").toString();
    }

    private static void delete(Path bundle) throws IOException {
        try (Stream<Path> files = Files.walk(bundle)) {
            for (Path file :
                    files.sorted((first, second) -> second.compareTo(first)).toList()) {
                Files.delete(file);
            }
        }
    }
}
