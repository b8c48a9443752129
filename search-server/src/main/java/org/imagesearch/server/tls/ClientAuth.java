package org.imagesearch.server.tls;

/** Whether clients show a certificate. */
public enum ClientAuth {
    /** They are not asked. */
    NONE,
    /** They are asked; one that is shown must be good. */
    REQUEST,
    /** Nobody is talked to without a good one. */
    REQUIRE
}
