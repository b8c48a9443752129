package org.imagesearch.server.index;

import java.time.Duration;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.core.settings.Bytes;

/**
 * How an index is opened and followed.
 *
 * @param shards shards to serve, {@code 0-3,7}; empty for all
 * @param map whether shards are mapped, so that they may be larger than memory, or read into memory
 * @param screen whether shards keep a copy of their vectors in bytes, from which a scan finds out which vectors it must read
 * @param verify how much is compared with the checksums of the index first
 * @param poll time between two looks at {@code CURRENT}
 * @param filterCache bytes of what recent filters let through that are kept
 */
public record IndexSettings(
        String shards, boolean map, Screening screen, Verification verify, Duration poll, Bytes filterCache) {
    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONGEST = Duration.ofDays(1);

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public IndexSettings {
        if (poll.compareTo(SHORTEST) < 0 || poll.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.index.poll is %s s, expected 1 ms to 1 day", poll.toNanos() / 1e9);
        }
    }

    /** The same, but shards keep no screen. */
    public IndexSettings withoutScreens() {
        return new IndexSettings(shards, map, Screening.NEVER, verify, poll, filterCache);
    }
}
