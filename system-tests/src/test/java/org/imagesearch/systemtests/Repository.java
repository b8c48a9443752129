package org.imagesearch.systemtests;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the checkout under test lies. */
final class Repository {
    private Repository() {}

    /** The folder with {@code bin/} and {@code demo/}, found upwards from the working directory. */
    static Path root() {
        Path start = Path.of("").toAbsolutePath();
        for (Path folder = start; folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("bin")) && Files.isDirectory(folder.resolve("demo"))) {
                return folder;
            }
        }
        throw new IllegalStateException("no folder with bin/ and demo/ above " + start);
    }

    /** Where this module's tests keep what they make; {@code mvn clean} empties it. */
    static Path target() {
        return root().resolve("system-tests/target");
    }
}
