package org.imagesearch.faiss;

import java.util.Optional;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.faiss.binding.FaissCalls;

/** The native library: whether it could be loaded here, and what it is. */
public final class FaissLibrary {
    private static final Optional<Throwable> FAILURE = load();

    private FaissLibrary() {}

    /** Why the library could not be loaded; empty if it was. */
    public static Optional<Throwable> failure() {
        return FAILURE;
    }

    /** @throws ImageSearchException (resource) with the reason, if the library could not be loaded */
    public static void require() {
        if (FAILURE.isPresent()) {
            throw new ImageSearchException(
                    ErrorCode.RESOURCE,
                    "the Faiss library cannot be loaded on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + ": "
                            + FAILURE.get().getMessage(),
                    FAILURE.get());
        }
    }

    /** The version of Faiss inside, for example {@code 1.7.3}. */
    public static String version() {
        require();
        return FaissCalls.version();
    }

    private static Optional<Throwable> load() {
        try {
            FaissCalls.load();
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            return Optional.of(e);
        }
    }
}
