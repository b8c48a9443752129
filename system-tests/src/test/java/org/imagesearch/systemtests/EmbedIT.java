package org.imagesearch.systemtests;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.imagesearch.clip.ModelBundle;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/embed} as users run it. */
class EmbedIT {
    private static final int PICTURES = 57;
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

    @TempDir
    static Path folder;

    private static Path pictures;
    private static EmbeddedPictures whole;
    private static Path log;

    @BeforeAll
    static void embedOnce() {
        pictures = folder.resolve("pictures");
        EmbeddedPictures.draw(pictures, PICTURES);
        whole = new EmbeddedPictures(folder.resolve("whole"));
        log = folder.resolve("whole.log");
        Command.run(log, embed(whole, "--wave-size", "20"));
    }

    @Test
    void brokenPicturesAreListedAndTheJobEndsWell() throws IOException {
        assertThat(Files.readAllLines(log))
                .anyMatch(line -> line.startsWith(PICTURES + " pictures embedded, 7 failed, "))
                .anyMatch(line -> line.startsWith("failures: ")
                        && line.contains("decode/truncated 2")
                        && line.contains("read/missing 1"))
                .contains("dataset: 64 listed, 57 embedded, 7 failed, coverage 89.06%");
    }

    @Test
    void anotherReaderFindsEveryPictureOnce() {
        assertThat(whole.count("images")).isEqualTo(PICTURES);
        assertThat(whole.count("failures")).isEqualTo(EmbeddedPictures.BROKEN);
        assertThat(whole.count("queries")).isEqualTo(PICTURES);
        Map<Long, String> uris = whole.uris("images");
        uris.putAll(whole.uris("failures"));
        assertThat(uris).hasSize(PICTURES + EmbeddedPictures.BROKEN);
        assertThat(uris.get(0L))
                .isEqualTo(pictures.resolve("000000.jpg").toUri().toString());
    }

    @Test
    void secondRunDoesNothingAndSaysSo() throws IOException {
        Path again = folder.resolve("again.log");
        Command.run(again, embed(whole));
        assertThat(Files.readAllLines(again)).contains("nothing to do: all 64 listed pictures were dealt with before");
        assertThat(whole.waves()).isEqualTo(4);
    }

    @Test
    void killedRunGoesOnAndComesToTheSame() throws Exception {
        EmbeddedPictures killed = new EmbeddedPictures(folder.resolve("killed"));
        Path before = folder.resolve("killed.log");
        Process process = Command.start(before, embed(killed, "--wave-size", "3"));
        try {
            Instant deadline = Instant.now().plus(LIMIT);
            while (killed.waves() < 3) {
                assertThat(process.isAlive()).as(() -> Command.tail(before)).isTrue();
                assertThat(Instant.now()).isBefore(deadline);
                Thread.sleep(BETWEEN_LOOKS.toMillis());
            }
        } finally {
            List<ProcessHandle> children = process.descendants().toList();
            process.destroyForcibly();
            children.forEach(ProcessHandle::destroyForcibly);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        int committed = killed.waves();
        assertThat(committed).isBetween(3, 21);
        Path after = folder.resolve("resumed.log");
        Command.run(after, embed(killed));
        assertThat(Files.readAllLines(after)).contains("going on after " + committed + " committed waves");
        assertThat(killed.waves()).isEqualTo(22);
        killed.assertSameAs(whole);
        assertThat(killed.count("queries")).isEqualTo(PICTURES);
        try (Stream<Path> files = Files.list(killed.dataset())) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .noneMatch(name -> name.startsWith("_"))
                    .contains("dataset.json");
        }
    }

    @Test
    void unknownOptionEndsWithTwoAndOneLine() throws IOException {
        Path said = folder.resolve("usage.log");
        assertThat(Command.status(said, embed(whole, "--colour", "red"))).isEqualTo(2);
        assertThat(Files.readAllLines(said)).containsExactly("embed: Unknown options: '--colour', 'red'");
    }

    @Test
    void anotherModelIsRefusedWithBothFingerprints() throws IOException {
        Path other = folder.resolve("other-model");
        try (Stream<Path> paths = Files.walk(model())) {
            for (Path path : paths.toList()) {
                Files.copy(path, other.resolve(model().relativize(path).toString()));
            }
        }
        Path manifest = other.resolve(ModelBundle.MANIFEST);
        Files.writeString(manifest, Files.readString(manifest).replace("\"version\": \"1\"", "\"version\": \"2\""));
        Path said = folder.resolve("other.log");
        assertThat(Command.status(
                        said,
                        List.of(
                                "bin/embed",
                                "--input",
                                pictures.toString(),
                                "--output",
                                whole.dataset().toString(),
                                "--model",
                                other.toString())))
                .isEqualTo(1);
        List<String> lines = Files.readAllLines(said);
        assertThat(lines).hasSize(1);
        assertThat(lines.get(0))
                .contains(
                        ModelBundle.open(model()).fingerprint().value(),
                        ModelBundle.open(other).fingerprint().value());
    }

    private static Path model() {
        return Repository.root().resolve("demo/model");
    }

    private static List<String> embed(EmbeddedPictures dataset, String... more) {
        List<String> command = new ArrayList<>(List.of(
                "bin/embed",
                "--input",
                pictures.toString(),
                "--output",
                dataset.dataset().toString(),
                "--model",
                model().toString()));
        command.addAll(List.of(more));
        return command;
    }
}
