package org.imagesearch.embed;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * How many of the pictures that a run tries may fail before it ends early.
 *
 * @param share of those tried, 0 to 1; 1 for no such limit
 * @param count of failures; {@link Long#MAX_VALUE} for no such limit
 */
record FailureLimit(double share, long count) {
    /** Of fewer pictures a share says little, unless there are no more. */
    static final long LEAST_TRIED = 200;

    private static final Pattern SHARE = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*%");
    private static final Pattern COUNT = Pattern.compile("\\d{1,15}");

    /**
     * @param text {@code 5%}, a number of pictures, or {@code off}
     * @throws ImageSearchException (input) if it is none of these
     */
    static FailureLimit parse(String text) {
        Matcher share = SHARE.matcher(text.strip());
        if (share.matches() && Double.parseDouble(share.group(1)) <= 100) {
            return new FailureLimit(Double.parseDouble(share.group(1)) / 100, Long.MAX_VALUE);
        } else if (COUNT.matcher(text.strip()).matches()) {
            return new FailureLimit(1, Long.parseLong(text.strip()));
        } else if (text.strip().toLowerCase(Locale.ROOT).equals("off")) {
            return new FailureLimit(1, Long.MAX_VALUE);
        }
        throw ImageSearchException.input(
                "setting embed.max-failures is '%s', expected a share such as 5%%, a number of pictures, or off", text);
    }

    /**
     * Whether there are too many failures.
     *
     * @param tried pictures tried so far, the failed ones among them
     * @param planned pictures that the run means to try
     */
    boolean isExceeded(long failed, long tried, long planned) {
        return failed > count || (tried >= Math.min(LEAST_TRIED, planned) && failed > share * tried);
    }
}
