package org.imagesearch.server.index;

/** How much of an index is compared with its checksums before it is served. */
public enum Verification {
    /** Sizes and samples of every file: milliseconds, finds what is cut, swapped or overwritten. */
    QUICK,
    /** Every byte: finds single bits too, and reads the whole index. */
    WHOLE,
    /** Nothing beyond the structure of the files, which is always checked. */
    NONE
}
