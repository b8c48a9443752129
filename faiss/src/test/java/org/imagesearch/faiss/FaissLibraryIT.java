package org.imagesearch.faiss;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JVM of its own whose class path lacks the native library, as on another platform. */
class FaissLibraryIT {
    @TempDir
    Path folder;

    @Test
    void aMissingNativeLibraryIsAFailureWithAReasonAndBreaksNoClass() throws Exception {
        Path classes = classesWithoutLibrary();
        Path out = folder.resolve("out.txt");
        String classPath = Stream.concat(
                        Stream.of(classes.toString()),
                        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                                .filter(entry -> !Path.of(entry).equals(built())))
                .collect(Collectors.joining(File.pathSeparator));
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache"),
                        "-cp",
                        classPath,
                        Program.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(out)).isZero();
        assertThat(Files.readString(out))
                .contains("failure: java.lang.UnsatisfiedLinkError")
                .contains("k-means: RESOURCE: the Faiss library cannot be loaded on Linux")
                .contains("read: RESOURCE: the Faiss library cannot be loaded on Linux")
                .contains("filter: RESOURCE: the Faiss library cannot be loaded on Linux")
                .contains("jniFaissCalls");
    }

    /** What the child runs: every way in, each of which must say why it is closed. */
    static final class Program {
        private Program() {}

        public static void main(String[] arguments) {
            System.out.println("failure: " + FaissLibrary.failure().orElse(null));
            attempt("k-means", () -> KMeans.train(new float[] {1}, 1, 1, 1, KMeansOptions.seeded(1)));
            attempt("read", () -> IvfIndex.read(Path.of("absent")).close());
            attempt("filter", () -> IdFilter.only(new long[] {1}).close());
        }

        private static void attempt(String what, Runnable call) {
            try {
                call.run();
                System.out.println(what + ": no failure");
            } catch (ImageSearchException e) {
                System.out.println(what + ": " + e.code() + ": " + e.getMessage());
            }
        }
    }

    private Path classesWithoutLibrary() throws IOException {
        Path copy = folder.resolve("classes");
        Path compiled = Path.of("target/classes");
        try (Stream<Path> files = Files.walk(compiled)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (file.toString().endsWith(".class")) {
                    Path target = copy.resolve(compiled.relativize(file).toString());
                    Files.createDirectories(target.getParent());
                    Files.copy(file, target);
                }
            }
        }
        return copy;
    }

    /** Where this JVM has the module from: the folder of its classes, or its jar. */
    private static Path built() {
        try {
            return Path.of(FaissLibrary.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }
}
