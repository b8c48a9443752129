package org.imagesearch.server.http;

import java.time.Duration;
import org.imagesearch.core.ImageSearchException;

/**
 * Who may change what is served, and how long that may take.
 *
 * @param token a key to everything, beside those of the file of keys; without either, whoever is on this machine is let in, and
 *     nobody else
 * @param timeout what such a request may take; comparing a picture with every other reads the whole index
 */
public record AdminSettings(String token, Duration timeout) {
    private static final Duration LONGEST = Duration.ofDays(1);
    private static final int SHORTEST_TOKEN = 16;

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public AdminSettings {
        if (!token.isEmpty() && (token.length() < SHORTEST_TOKEN || !token.matches("[!-~]+"))) {
            throw ImageSearchException.input(
                    "setting serve.admin.token has %d characters, expected none, or at least %d of ASCII without spaces",
                    token.length(), SHORTEST_TOKEN);
        }
        if (timeout.isNegative() || timeout.isZero() || timeout.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.admin.timeout is %s s, expected more than 0 and at most 1 day",
                    timeout.toNanos() / 1e9);
        }
    }

    /** Without what nobody should read in a log. */
    @Override
    public String toString() {
        return "AdminSettings[token=" + (token.isEmpty() ? "" : "***") + ", timeout=" + timeout + "]";
    }
}
