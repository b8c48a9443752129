package org.imagesearch.merge;

/** Hears how a merge gets on. */
interface Progress {
    /** The steps of a merge, in order; each is told when it is done. */
    enum Step {
        OPENED,
        SAMPLED,
        TRAINED,
        BUILT,
        MEASURED,
        COMPLETED,
        PUBLISHED
    }

    /**
     * @param step what is done now
     * @param message the same for people, one line or more
     */
    void done(Step step, String message);
}
