package org.imagesearch.server.nodes;

import java.io.IOException;

/** What came over a connection is no message of this protocol. Nothing behind it can be trusted either. */
final class GarbledException extends IOException {
    private static final long serialVersionUID = 1L;

    GarbledException(String message) {
        super(message);
    }
}
