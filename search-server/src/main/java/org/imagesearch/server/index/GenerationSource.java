package org.imagesearch.server.index;

import org.imagesearch.core.ImageSearchException;

/** Where generations of an index are opened from. Thread-safe. */
public interface GenerationSource {
    /**
     * Whether a generation can take the place of the one that is served. While it cannot, that goes on being served.
     *
     * @param name of a generation that is published
     */
    default boolean isReady(String name) {
        return true;
    }

    /**
     * Verifies and opens a generation with nothing taken down.
     *
     * @return retained once
     * @throws ImageSearchException (data) naming the file or both fingerprints, if something is damaged or does not fit;
     *     (input) if a shard is asked for that does not exist
     */
    Generation open(String name);
}
