package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.clip.ModelBundle;
import picocli.CommandLine.Option;

/** Which model is measured, made where it is none that is there. */
final class EmbedModels {
    private static final String IMAGE = "clip-vit-base-patch32";
    private static final String TEXT = "clip-ViT-B-32-multilingual-v1";

    @Option(
            names = "--model",
            paramLabel = "BUNDLE",
            defaultValue = "demo",
            description =
                    "demo, vit-b-32 (the real size with random weights; takes a minute and 2 GB), vit-tiny, vit-tiny-512 (tiny,"
                            + " with embeddings as long as real ones), or a model bundle (default: ${DEFAULT-VALUE})")
    private String model;

    @Option(
            names = "--checkpoint",
            paramLabel = "DIR",
            description = "the checkpoint that BUNDLE was imported from, for comparisons with torch")
    private Path checkpoint;

    /**
     * A bundle and where it comes from.
     *
     * @param checkpoint in Hugging Face's layout; null if it is not known
     */
    record Made(ModelBundle bundle, Path checkpoint) {}

    Made open(WorkFolder folder, int seed, Report report) throws IOException, InterruptedException {
        return switch (model) {
            case "demo" -> new Made(open(Program.file("demo/model")), null);
            case "vit-b-32" -> make(folder, "full", 512, seed, report);
            case "vit-tiny" -> make(folder, "tiny", 48, seed, report);
            case "vit-tiny-512" -> make(folder, "tiny", 512, seed, report);
            default -> new Made(open(Path.of(model)), checkpoint);
        };
    }

    private static Made make(WorkFolder folder, String size, int dimension, int seed, Report report)
            throws IOException, InterruptedException {
        Path checkpoints = folder.resolve("checkpoints");
        Program.run(
                folder.resolve("make_checkpoints.log"),
                List.of(
                        "/usr/bin/python3",
                        Program.file("models/tests/make_checkpoints.py").toString(),
                        "--output",
                        checkpoints.toString(),
                        "--seed",
                        Integer.toString(seed),
                        "--size",
                        size,
                        "--dimension",
                        Integer.toString(dimension),
                        "--only",
                        IMAGE + "," + TEXT));
        Path bundle = folder.resolve("bundle");
        Program.run(
                folder.resolve("import-model.log"),
                List.of(
                        Program.file("bin/import-model").toString(),
                        "--image",
                        checkpoints.resolve(IMAGE).toString(),
                        "--text",
                        checkpoints.resolve(TEXT).toString(),
                        "--output",
                        bundle.toString()));
        report.note("made a model of random weights, %s", Files.size(bundle.resolve("image.onnx")) + " bytes");
        return new Made(open(bundle), checkpoints.resolve(IMAGE));
    }

    private static ModelBundle open(Path bundle) {
        return ModelBundle.open(bundle.toAbsolutePath().normalize());
    }
}
