package org.imagesearch.server.http;

import java.util.Locale;

/** Why a request or a connection is turned away before anything is done for it; {@code /metrics} counts each. */
enum Refusal {
    /** There is no key, or one that is not known. */
    NO_KEY,
    /** The key is known but may not do this. */
    ROLE,
    /** Only this machine may ask, or no page of another site. */
    ORIGIN,
    /** The caller asks too often. */
    RATE,
    /** The address has too many connections. */
    CONNECTIONS,
    /** The client does not send its body in time. */
    SLOW_BODY,
    /** The client does not read its answer in time. */
    SLOW_READER;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
