package org.imagesearch.clip;

import java.util.Optional;
import org.imagesearch.clip.binding.PictureCalls;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The native library for pictures: whether it could be loaded here, and the instructions it uses. */
public final class PictureLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(PictureLibrary.class);
    private static final Optional<Throwable> FAILURE = load();
    private static final int INSTRUCTIONS = FAILURE.isPresent() ? 0 : PictureCalls.bestInstructions();

    private PictureLibrary() {}

    /** Why pictures are resized in Java and JPEGs decoded by OpenCV here, at a fraction of the speed; empty if they are not. */
    public static Optional<Throwable> failure() {
        return FAILURE;
    }

    /**
     * Asks whether this build is for this platform at all. Where it is not, OpenCV is missing too, and some pictures could not be
     * decoded.
     *
     * @throws ImageSearchException (resource) that names both platforms, if it is not
     */
    static void requirePlatform() {
        try {
            PictureCalls.requirePlatform();
        } catch (UnsatisfiedLinkError e) {
            throw new ImageSearchException(
                    ErrorCode.RESOURCE,
                    "pictures cannot be decoded on " + System.getProperty("os.name") + " "
                            + System.getProperty("os.arch") + ": " + e.getMessage(),
                    e);
        }
    }

    /** The best instructions that this processor has: 0 for none in particular, 1 for AVX2, 2 for AVX-512. */
    static int instructions() {
        return INSTRUCTIONS;
    }

    private static Optional<Throwable> load() {
        try {
            PictureCalls.load();
            return Optional.empty();
        } catch (LinkageError | RuntimeException e) {
            LOG.warn("native picture library not loaded, pictures take several times as long: reason={}", e.toString());
            return Optional.of(e);
        }
    }
}
