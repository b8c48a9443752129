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

    /**
     * As {@link #open}, for a server that has nothing to serve yet: what only makes queries faster may be left out, if making it
     * takes a while.
     */
    default Generation openFirst(String name) {
        return open(name);
    }

    /** Whether {@link #open} would give a generation that answers faster than this one of {@link #openFirst}. */
    default boolean canBeFaster(Generation first) {
        return false;
    }
}
