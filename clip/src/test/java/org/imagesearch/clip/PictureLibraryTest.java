package org.imagesearch.clip;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
        Ran ran = run(WithoutPictureLibrary.class, "-cp", classPath);
        assertThat(ran.out).as(ran.log).isEqualTo("equal=" + Golden.names().size() + " missing=true");
        assertThat(ran.log.lines().filter(line -> line.contains("native picture library not loaded")))
                .singleElement()
                .asString()
                .contains("reason=java.lang.UnsatisfiedLinkError");
    }

    /** As in a container whose file system cannot be written. */
    @Test
    void whereNoLibraryCanBeUnpackedTheReasonIsToldEachTime() throws Exception {
        Path none = folder.resolve("none");
        Ran ran = run(
                WithoutPlaceForLibraries.class,
                "-cp",
                System.getProperty("java.class.path"),
                "-Djava.io.tmpdir=" + none,
                // A file, so that nobody makes a folder of it.
                "-Duser.home=" + Files.createFile(none),
                "-Dorg.bytedeco.javacpp.cachedir=" + none);
        assertThat(ran.out.lines().toList()).as(ran.log).hasSize(2).allSatisfy(line -> assertThat(line)
                .startsWith("RESOURCE OpenCV, which decodes PNG and WebP, cannot be loaded: ")
                .contains("org.bytedeco.javacpp.cachedir"));
    }

    private record Ran(String out, String log) {}

    /** Runs a program in a JVM of its own. */
    private Ran run(Class<?> program, String... options) throws Exception {
        Path out = folder.resolve("out.txt");
        Path errors = folder.resolve("errors.txt");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Djava.awt.headless=true");
        command.addAll(List.of(options));
        command.add(program.getName());
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(errors.toFile())
                .start();
        boolean ended = process.waitFor(2, TimeUnit.MINUTES);
        process.destroyForcibly();
        String log = Files.readString(errors);
        assertThat(ended).as(log).isTrue();
        return new Ran(Files.readString(out).strip(), log);
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
