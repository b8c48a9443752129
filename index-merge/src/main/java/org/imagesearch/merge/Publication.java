package org.imagesearch.merge;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.imagesearch.core.index.IndexLayout;

/** Names the generation that servers use, by one rename. Whoever calls it holds the index's lock. */
final class Publication {
    private Publication() {}

    /** @param generation the name of a complete generation */
    static void publish(Path index, String generation) {
        Path temporary = temporary(index);
        try {
            Files.writeString(temporary, generation + "\n", StandardCharsets.UTF_8);
            Directories.forceFile(temporary);
            Files.move(
                    temporary,
                    index.resolve(IndexLayout.CURRENT),
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            Directories.force(index);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot publish " + index.resolve(generation), e);
        }
    }

    /** Removes what a run that died in the middle left behind. */
    static void removeLeftover(Path index) throws IOException {
        Files.deleteIfExists(temporary(index));
    }

    private static Path temporary(Path index) {
        return index.resolve("." + IndexLayout.CURRENT + ".tmp");
    }
}
