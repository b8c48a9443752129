package org.imagesearch.embed;

import java.nio.charset.StandardCharsets;

/** What a dataset keeps of a caption. */
final class Captions {
    /** The largest file that is taken for a caption. */
    static final int FILE_BYTES = 1 << 20;

    private Captions() {}

    /**
     * A caption without a byte order mark and white space around it.
     *
     * @param limit characters kept
     * @return null if nothing is left of it
     */
    static String clean(String text, int limit) {
        if (text == null) {
            return null;
        }
        String stripped = (text.startsWith("\uFEFF") ? text.substring(1) : text).strip();
        if (stripped.codePointCount(0, stripped.length()) > limit) {
            stripped = stripped.substring(0, stripped.offsetByCodePoints(0, limit));
        }
        return stripped.isEmpty() ? null : stripped;
    }

    /** The same of a file's bytes in UTF-8. */
    static String clean(byte[] bytes, int limit) {
        return clean(new String(bytes, StandardCharsets.UTF_8), limit);
    }
}
