package org.imagesearch.core.filter;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import org.imagesearch.core.Checksums;

/** Values in the form in which filters compare them, so that an index of rows and a look at one row say the same. */
public final class ComparedValues {
    /** Bytes of UTF-8; longer texts are ordered by these, and told apart by a hash. */
    public static final int LONGEST_TEXT = 256;

    private static final int HASH_BYTES = 32;

    private ComparedValues() {}

    /** A text as bytes whose unsigned order is that of code points; equal for equal texts alone. */
    public static byte[] text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length <= LONGEST_TEXT) {
            return utf8;
        }
        MessageDigest digest = Checksums.newDigest();
        byte[] compared = Arrays.copyOf(utf8, LONGEST_TEXT + HASH_BYTES);
        System.arraycopy(digest.digest(utf8), 0, compared, LONGEST_TEXT, HASH_BYTES);
        return compared;
    }

    /** A number of 4 bytes as the one that people write for it: the shortest that stands for it alone. */
    public static double number(float value) {
        return number(Double.parseDouble(Float.toString(value)));
    }

    /** Zero has two signs for a computer, and one for people. */
    public static double number(double value) {
        return value + 0.0;
    }
}
