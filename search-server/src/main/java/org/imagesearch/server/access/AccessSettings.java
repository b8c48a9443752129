package org.imagesearch.server.access;

import java.util.List;
import org.imagesearch.core.ImageSearchException;

/**
 * Who may ask, and how often.
 *
 * @param keys file of API keys; empty to let everybody search
 * @param rate requests per second of one key, or of one address without a key; 0 for as many as they like
 * @param burst requests that may come at once after a pause
 * @param callers keys and addresses whose rates are remembered; the least used are forgotten first
 * @param proxies addresses, or networks like 10.0.0.0/8, whose word on where a request comes from is believed
 */
public record AccessSettings(String keys, double rate, int burst, int callers, List<String> proxies) {
    private static final double FASTEST = 1e6;
    private static final int MOST = 1_000_000;

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public AccessSettings {
        if (!(rate >= 0 && rate <= FASTEST)) {
            throw ImageSearchException.input("setting serve.access.rate is %s, expected 0 to %s", rate, FASTEST);
        }
        requireRange("burst", burst);
        requireRange("callers", callers);
        proxies = List.copyOf(proxies);
        try {
            Networks.of(proxies);
        } catch (ImageSearchException e) {
            throw ImageSearchException.input("setting serve.access.proxies: %s", e.getMessage());
        }
    }

    private static void requireRange(String name, int value) {
        if (value < 1 || value > MOST) {
            throw ImageSearchException.input("setting serve.access.%s is %d, expected 1 to %d", name, value, MOST);
        }
    }
}
