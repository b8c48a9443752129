package org.imagesearch.core;

/** Whose fault an error is; programs map it once to an exit status, the server once to an HTTP status. */
public enum ErrorCode {
    /** The caller asked for something wrong: a bad option, a malformed query. Exit status 2, HTTP 400. */
    INPUT,
    /** Something stored is broken or does not fit together: a flipped bit, two fingerprints. Exit status 1, HTTP 500. */
    DATA,
    /** Something needed is missing or exhausted: memory, a device, a library, a queue. Exit status 1, HTTP 503. */
    RESOURCE,
    /** A defect of ours. Exit status 1, HTTP 500. */
    INTERNAL
}
