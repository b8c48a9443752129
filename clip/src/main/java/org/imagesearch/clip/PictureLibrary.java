package org.imagesearch.clip;

import java.util.Optional;
import org.imagesearch.clip.binding.PictureCalls;
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
