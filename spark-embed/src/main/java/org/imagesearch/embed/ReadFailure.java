package org.imagesearch.embed;

import java.io.IOException;

/** A picture whose bytes cannot be had, with the word that stands for the reason in failures/. */
class ReadFailure extends IOException {
    private static final long serialVersionUID = 1L;

    private final String error;

    /** @param error as it stands in the column {@code error} */
    ReadFailure(String error, String message) {
        super(message);
        this.error = error;
    }

    String error() {
        return error;
    }
}
