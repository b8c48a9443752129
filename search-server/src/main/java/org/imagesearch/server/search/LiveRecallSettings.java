package org.imagesearch.server.search;

import java.time.Duration;
import org.imagesearch.core.ImageSearchException;

/**
 * How recall is measured on live queries.
 *
 * @param share of the queries that are asked again exactly, 0 to 1; 0 for none
 * @param budget share of one core's time that this may take, above 0 and up to 1
 * @param longestScan work of one exact scan at most; what would take longer, as it turns out after a small part of it, is
 *     given up
 * @param queue queries that wait to be asked again at most; one more is dropped
 */
public record LiveRecallSettings(double share, double budget, Duration longestScan, int queue) {
    private static final Duration LONGEST = Duration.ofDays(1);

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public LiveRecallSettings {
        if (!(share >= 0 && share <= 1)) {
            throw ImageSearchException.input("setting serve.search.live-recall.share is %s, expected 0 to 1", share);
        }
        if (!(budget >= 0.0001 && budget <= 1)) {
            throw ImageSearchException.input(
                    "setting serve.search.live-recall.budget is %s, expected 0.0001 to 1", budget);
        }
        if (longestScan.isNegative() || longestScan.isZero() || longestScan.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.search.live-recall.longest-scan is %s s, expected more than 0 and at most 1 day",
                    longestScan.toNanos() / 1e9);
        }
        if (queue < 1 || queue > 100_000) {
            throw ImageSearchException.input(
                    "setting serve.search.live-recall.queue is %d, expected 1 to 100000", queue);
        }
    }
}
