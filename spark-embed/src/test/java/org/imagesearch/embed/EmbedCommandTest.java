package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedCommandTest {
    private static final String MODEL = "../demo/model";

    @TempDir
    Path folder;

    @Test
    void runSaysWhatItDidAndTheNextOneThatThereIsNothingToDo() {
        DrawnPictures.drawWithCaption(folder.resolve("pictures/a.jpg"), 1, "a caption");
        DrawnPictures.write(folder.resolve("pictures/b.jpg"), new byte[0]);
        DrawnPictures.write(folder.resolve("pictures/c.pdf"), new byte[0]);
        Ended first = embed("pictures", MODEL, "--wave-size", "1");
        assertThat(first.err()).isEmpty();
        assertThat(first.status()).isZero();
        assertThat(first.out())
                .anyMatch(line -> line.startsWith("1 pictures embedded, 1 failed, "))
                .anyMatch(line -> line.startsWith("from the first picture to the last: "))
                .contains(
                        "queries: 1 captions through the text encoder",
                        "failures: decode/empty 1",
                        "1 files are no pictures by their names and were left out",
                        "dataset: 2 listed, 1 embedded, 1 failed, coverage 50.00%");
        Ended second = embed("pictures", MODEL);
        assertThat(second.status()).isZero();
        assertThat(second.out()).startsWith("nothing to do: all 2 listed pictures were dealt with before");
    }

    @Test
    void wrongUsageEndsWithTwoAndOneLine() throws IOException {
        DrawnPictures.draw(folder.resolve("pictures/a.jpg"), 1);
        Path settings = Files.writeString(folder.resolve("wrong.conf"), "wave-sise = 3");
        assertUsageError(run("--input", "x"), "embed: Missing required options: '--output=DIR', '--model=BUNDLE'");
        assertUsageError(embed("pictures", MODEL, "--colour"), "embed: Unknown option: '--colour'");
        assertUsageError(embed("pictures", MODEL, "--wave-size", "many"), "--wave-size");
        assertUsageError(embed("pictures", MODEL, "--wave-size", "0"), "embed.wave-size is 0, expected 1 to 1000000");
        assertUsageError(embed("pictures", MODEL, "--ids", "random"), "expected one of [sequence, filename, column]");
        assertUsageError(embed("pictures", MODEL, "--device", "tpu"), "expected one of [cpu, cuda, auto]");
        assertUsageError(embed("pictures", MODEL, "--conf", settings.toString()), "wave-sise");
        assertUsageError(embed("pictures", folder.toString()), "is not a model bundle");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void inputAndOutputThatCannotBeUsedEndWithTwoAndOneLine() {
        DrawnPictures.draw(folder.resolve("pictures/a.jpg"), 1);
        DrawnPictures.write(folder.resolve("out"), new byte[1]);
        assertUsageError(embed("pictures", MODEL), "--output file:" + folder + "/out cannot be made");
        assertUsageError(run("--input", folder + "/absent", "--output", folder + "/new", "--model", MODEL), "absent");
        assertUsageError(
                run("--input", folder + "/pictures", "--output", folder + "/pictures", "--model", MODEL),
                "--input and --output are the same folder");
        assertUsageError(
                run("--input", folder + "/pictures", "--output", folder + "/o*", "--model", MODEL), "--output");
    }

    /** With the GPU build on a machine with a GPU it runs; everywhere else nothing is listed before the reason is told. */
    @Test
    void deviceThatIsMissingEndsWithOneAndTheReasonBeforeAnythingIsListed() {
        DrawnPictures.draw(folder.resolve("pictures/a.jpg"), 1);
        Ended ended = embed("pictures", MODEL, "--device", "cuda");
        if (ended.status() != 0) {
            assertThat(ended.status()).isEqualTo(1);
            assertThat(String.join("\n", ended.err())).contains("CUDA device 0 cannot run ");
            assertThat(folder.resolve("out")).doesNotExist();
        }
        assertThat(embed("pictures", MODEL, "--device", "auto").status()).isZero();
    }

    @Test
    void datasetOfAnotherModelEndsWithOneAndBothFingerprints() throws IOException {
        DrawnPictures.draw(folder.resolve("pictures/a.jpg"), 1);
        assertThat(embed("pictures", MODEL).status()).isZero();
        Path manifest = folder.resolve("out/dataset.json");
        String other = "sha256:" + "0".repeat(64);
        Files.writeString(manifest, Files.readString(manifest).replaceAll("sha256:[0-9a-f]{64}", other));
        Files.delete(manifest.resolveSibling(".dataset.json.crc"));
        Ended ended = embed("pictures", MODEL);
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err()).hasSize(1);
        assertThat(ended.err().get(0))
                .startsWith("embed: ")
                .contains(other, DatasetUnderTest.MODEL.fingerprint().value());
    }

    @Test
    void tooManyFailuresEndWithOneAndTheReasons() {
        DrawnPictures.draw(folder.resolve("pictures/a.jpg"), 1);
        DrawnPictures.write(folder.resolve("pictures/b.jpg"), new byte[0]);
        Ended ended = embed("pictures", MODEL, "--max-failures", "5%");
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err()).hasSize(1);
        assertThat(ended.err().get(0))
                .startsWith("embed: 1 of 2 pictures failed")
                .contains("decode/empty 1 (file:");
        assertUsageError(embed("pictures", MODEL, "--max-failures", "few"), "max-failures is 'few'");
    }

    @Test
    void fastDecodeIsNoted() throws IOException {
        DrawnPictures.draw(folder.resolve("pictures/a.jpg"), 1);
        assertThat(embed("pictures", MODEL, "--fast-decode").status()).isZero();
        assertThat(Files.readString(folder.resolve("out/dataset.json"))).contains("\"fastDecode\" : true");
    }

    @Test
    void modelThatCannotBeRunEndsTheJobBeforeAPictureIsTouched() throws IOException {
        DrawnPictures.draw(folder.resolve("pictures/a.jpg"), 1);
        Path broken = Files.createDirectories(folder.resolve("broken"));
        try (Stream<Path> files = Files.list(Path.of(MODEL))) {
            for (Path file : files.toList()) {
                Files.copy(file, broken.resolve(file.getFileName()));
            }
        }
        Files.write(broken.resolve("text.onnx"), new byte[100]);
        Ended ended = embed("pictures", broken.toString());
        assertThat(ended.status()).isEqualTo(1);
        assertThat(ended.err()).hasSize(1);
        assertThat(ended.err().get(0)).contains("text.onnx");
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void helpNamesEveryOption() {
        Ended ended = run("--help");
        assertThat(ended.status()).isZero();
        assertThat(String.join("\n", ended.out()))
                .contains("--input", "--output", "--model", "--ids", "--wave-size", "--retry-failed", "--device")
                .contains("--master", "--conf", "--max-failures", "--fast-decode", "--allow-http");
    }

    private Ended embed(String input, String model, String... more) {
        List<String> all = new ArrayList<>(
                List.of("--input", folder + "/" + input, "--output", folder + "/out", "--model", model));
        all.addAll(List.of(more));
        return run(all.toArray(String[]::new));
    }

    private static Ended run(String... arguments) {
        return Ended.of(EmbedCommand::execute, (Object[]) arguments);
    }

    private static void assertUsageError(Ended ended, String message) {
        assertThat(ended.status()).isEqualTo(2);
        assertThat(ended.out()).isEmpty();
        assertThat(ended.err()).hasSize(1);
        assertThat(ended.err().get(0)).startsWith("embed: ").contains(message);
    }
}
