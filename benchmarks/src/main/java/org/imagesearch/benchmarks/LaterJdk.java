package org.imagesearch.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;

/** A JDK later than the one that runs us, for other software that wants it. */
final class LaterJdk {
    private static final Path INSTALLED = Path.of("/usr/lib/jvm");
    private static final int OLDEST = 21;
    private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_VERSION=\"(\\d{1,4})");

    private LaterJdk() {}

    /**
     * The program {@code java} of a JDK.
     *
     * @param chosen its folder, or null for the newest that is installed
     * @throws ImageSearchException (input) if the chosen one is none or too old; (resource) if none is installed
     */
    static Path java(Path chosen) throws IOException {
        if (chosen == null) {
            return newest().resolve("bin/java");
        }
        if (version(chosen).orElse(0) < OLDEST) {
            throw ImageSearchException.input("--jdk %s is not a JDK of %d or later", chosen, OLDEST);
        }
        return chosen.resolve("bin/java");
    }

    private static Path newest() throws IOException {
        if (Files.isDirectory(INSTALLED)) {
            try (Stream<Path> folders = Files.list(INSTALLED)) {
                Path best = folders.max(Comparator.comparingInt(
                                folder -> version(folder).orElse(0)))
                        .orElse(INSTALLED);
                if (version(best).orElse(0) >= OLDEST) {
                    return best;
                }
            }
        }
        throw ImageSearchException.resource(
                "there is no JDK of %d or later below %s: install one, or name it with --jdk", OLDEST, INSTALLED);
    }

    /** As the file {@code release} has it, which every JDK comes with. */
    private static OptionalInt version(Path folder) {
        try {
            if (!Files.isExecutable(folder.resolve("bin/javac"))) {
                return OptionalInt.empty();
            }
            Matcher version = VERSION.matcher(Files.readString(folder.resolve("release"), StandardCharsets.UTF_8));
            return version.find() ? OptionalInt.of(Integer.parseInt(version.group(1))) : OptionalInt.empty();
        } catch (IOException e) {
            return OptionalInt.empty();
        }
    }
}
