package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureLibraryTest {
    @TempDir
    Path folder;

    @Test
    void itIsHere() {
        assertThat(PictureLibrary.failure()).isEmpty();
    }

    @Test
    void whereItIsMissingPicturesAreMadeAllTheSameAndTheReasonIsLoggedOnce() throws Exception {
        Path classes = copyWithoutLibrary(Path.of("target", "classes"));
        String classPath = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .map(Path::of)
                .map(entry -> entry.endsWith(Path.of("clip", "target", "classes")) ? classes : entry)
                .map(Path::toString)
                .collect(Collectors.joining(File.pathSeparator));
        Path out = folder.resolve("out.txt");
        Path errors = folder.resolve("errors.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.awt.headless=true",
                        "-cp",
                        classPath,
                        WithoutPictureLibrary.class.getName())
                .redirectOutput(out.toFile())
                .redirectError(errors.toFile())
                .start();
        boolean ended = process.waitFor(2, TimeUnit.MINUTES);
        process.destroyForcibly();
        String log = Files.readString(errors);
        assertThat(ended).as(log).isTrue();
        assertThat(Files.readString(out).strip())
                .as(log)
                .isEqualTo("equal=" + Golden.names().size() + " missing=true");
        assertThat(log.lines().filter(line -> line.contains("native picture library not loaded")))
                .singleElement()
                .asString()
                .contains("reason=java.lang.UnsatisfiedLinkError");
    }

    private Path copyWithoutLibrary(Path classes) throws IOException {
        Path copy = folder.resolve("classes");
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.toList()) {
                Path target = copy.resolve(classes.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(target);
                } else if (!file.getFileName().toString().contains("jniPictureCalls")) {
                    Files.copy(file, target);
                }
            }
        }
        return copy;
    }
}
