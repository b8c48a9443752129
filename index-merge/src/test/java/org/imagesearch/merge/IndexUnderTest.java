package org.imagesearch.merge;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.imagesearch.core.index.IndexDirectory;
import org.imagesearch.core.index.IndexManifest;
import org.imagesearch.core.program.Programs;
import picocli.CommandLine;

/** Indexes that tests do things to, through the command line. */
final class IndexUnderTest {
    private IndexUnderTest() {}

    /** What a run of the command line said. */
    record Ended(int status, String out, String error) {
        String line(String start) {
            return out.lines()
                    .filter(line -> line.startsWith(start))
                    .findFirst()
                    .orElseThrow();
        }
    }

    static Ended run(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter error = new StringWriter();
        int status = Programs.endingInOneLine(new CommandLine(new MergeCommand()))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(error))
                .execute(Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new));
        return new Ended(status, out.toString(), error.toString());
    }

    /** A copy in which the generations share files as in the original. */
    static Path copy(Path source, Path copy) throws IOException {
        Map<Object, Path> copied = new HashMap<>();
        try (Stream<Path> paths = Files.walk(source)) {
            for (Path path : paths.toList()) {
                Path target = copy.resolve(source.relativize(path).toString());
                Object key =
                        Files.readAttributes(path, BasicFileAttributes.class).fileKey();
                if (Files.isDirectory(path)) {
                    Files.createDirectories(target);
                } else if (copied.containsKey(key)) {
                    Files.createLink(target, copied.get(key));
                } else {
                    copied.put(key, Files.copy(path, target));
                }
            }
        }
        return copy;
    }

    static IndexManifest published(Path index) {
        IndexDirectory directory = new IndexDirectory(index);
        return directory.readManifest(directory.currentGeneration());
    }

    static void assertWhole(Path index) {
        Ended ended = run("verify", "--index", index);
        assertThat(ended.status).as(ended.out + ended.error).isZero();
    }

    static void assertNothingLeftBehind(Path index) throws IOException {
        assertThat(names(index)).allMatch(name -> name.matches("CURRENT|gen-\\d{6}|\\.merge\\.lock|takedowns\\..*"));
        try (Stream<Path> paths = Files.walk(index)) {
            assertThat(paths.map(path -> path.getFileName().toString()))
                    .noneMatch(name -> name.startsWith(".") && !name.equals(".merge.lock"));
        }
    }

    static List<String> names(Path index) throws IOException {
        try (Stream<Path> entries = Files.list(index)) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        }
    }
}
