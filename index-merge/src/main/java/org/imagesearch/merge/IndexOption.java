package org.imagesearch.merge;

import java.net.URI;
import java.nio.file.Path;
import org.imagesearch.core.ImageSearchException;
import picocli.CommandLine.Option;

/** The option {@code --index} of the commands about an index that is there. */
final class IndexOption {
    @Option(names = "--index", required = true, paramLabel = "DIR", description = "the index")
    private String index;

    /** @throws ImageSearchException (input) if it is elsewhere than on a local or shared file system */
    Path directory() {
        return localDirectory(index);
    }

    /** The index is written with renames and links, which object stores do not have. */
    static Path localDirectory(String text) {
        if (text.matches("[A-Za-z][A-Za-z0-9+.-]+:.*")) {
            if (!text.startsWith("file:/")) {
                throw ImageSearchException.input(
                        "--index %s: an index is built on a local or shared file system; copy it to object storage after",
                        text);
            }
            return Path.of(URI.create(text).getPath()).toAbsolutePath().normalize();
        }
        return Path.of(text).toAbsolutePath().normalize();
    }
}
