package org.imagesearch.embed;

import java.util.Locale;

/** Where a picture failed. */
enum Stage {
    READ,
    DECODE,
    ENCODE;

    /** As it stands in the failures table. */
    String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
