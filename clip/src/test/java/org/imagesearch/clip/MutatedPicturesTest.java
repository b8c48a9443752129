package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a JVM of its own with little memory. Another seed: {@code -Dmutations.seed=7}. */
class MutatedPicturesTest {
    private static final long SEED = Long.getLong("mutations.seed", 20261125L);
    private static final int MUTATIONS = 10_000;

    @TempDir
    Path folder;

    @Test
    void damagedPicturesAreDecodedOrRefusedAndNothingElseHappens() throws Exception {
        Path out = folder.resolve("out.txt");
        Path errors = folder.resolve("errors.txt");
        Path underWay = folder.resolve("under-way");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms192m",
                        "-Xmx192m",
                        // what grows is then native memory
                        "-XX:+AlwaysPreTouch",
                        "-XX:+UseSerialGC",
                        "-XX:-CreateCoredumpOnCrash",
                        "-XX:ErrorFile=" + folder.resolve("crash.log"),
                        "-Djava.awt.headless=true",
                        "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
                        "-Dorg.bytedeco.javacpp.maxbytes=0",
                        "-cp",
                        System.getProperty("java.class.path"),
                        MutatedPictures.class.getName(),
                        Long.toString(SEED),
                        "0",
                        Integer.toString(MUTATIONS),
                        underWay.toString())
                .redirectOutput(out.toFile())
                .redirectError(errors.toFile())
                .start();
        boolean ended = process.waitFor(3, TimeUnit.MINUTES);
        process.destroyForcibly();
        String what = "seed " + SEED + ", mutation " + number(underWay) + (ended ? "" : ", hangs") + "\n" + end(errors)
                + end(folder.resolve("crash.log"));
        assertThat(ended).as(what).isTrue();
        assertThat(process.exitValue()).as(what).isZero();
        // Both happen, or the mutations would be too weak or too strong to say anything.
        String summary = Files.readString(out);
        System.out.println("seed=" + SEED + " " + summary.strip());
        assertThat(summary).containsPattern("decoded=\\d{3,}").contains("CORRUPT=", "TRUNCATED=", "TOO_LARGE=");
        // A leak of 5 KB per picture would pass this.
        assertThat(Long.parseLong(summary.replaceAll("(?s).*grownKibibytes=(-?\\d+).*", "$1")))
                .as(summary)
                .isLessThan(32 << 10);
    }

    private static String number(Path underWay) throws IOException {
        if (!Files.exists(underWay)) {
            return "none";
        }
        try (DataInputStream in = new DataInputStream(Files.newInputStream(underWay))) {
            return Integer.toString(in.readInt());
        }
    }

    /** Decoders write a line for most of what they refuse: the end says what the last one met. */
    private static String end(Path file) throws IOException {
        if (!Files.exists(file)) {
            return "";
        }
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        return text.substring(Math.max(0, text.length() - 8_000));
    }
}
