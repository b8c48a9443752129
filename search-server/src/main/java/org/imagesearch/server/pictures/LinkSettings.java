package org.imagesearch.server.pictures;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * Pictures that clients name by an address on another server.
 *
 * @param hosts whose pictures are fetched: {@code images.example.org}, with a port if it is not that of HTTP or HTTPS, or
 *     {@code .example.org} for every host below that name. Empty to fetch nothing
 * @param privateAddresses whether they may be on this machine or in a network that is not public
 * @param timeout of a picture, from the name of its host to its last byte
 * @param atOnce pictures fetched at the same time
 */
public record LinkSettings(List<String> hosts, boolean privateAddresses, Duration timeout, int atOnce) {
    private static final String LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
    private static final Pattern HOST = Pattern.compile("\\.?" + LABEL + "(\\." + LABEL + ")*(:[1-9][0-9]{0,4})?");
    private static final Duration LONGEST = Duration.ofMinutes(1);

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public LinkSettings {
        hosts = hosts.stream().map(host -> host.toLowerCase(Locale.ROOT)).toList();
        for (String host : hosts) {
            if (!HOST.matcher(host).matches()) {
                throw ImageSearchException.input(
                        "setting serve.picture.links.hosts has '%s', expected names like images.example.org or .example.org",
                        host);
            }
        }
        if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.picture.links.timeout is %s s, expected 0.001 s to 1 minute",
                    timeout.toNanos() / 1e9);
        }
        if (atOnce < 1 || atOnce > 1024) {
            throw ImageSearchException.input("setting serve.picture.links.at-once is %d, expected 1 to 1024", atOnce);
        }
    }

    /**
     * Whether the pictures of a host are fetched.
     *
     * @param host in lower case
     * @param port -1 for that of HTTP or HTTPS
     */
    boolean allows(String host, int port) {
        String suffix = port < 0 ? "" : ":" + port;
        return hosts.stream()
                .anyMatch(allowed ->
                        allowed.startsWith(".") ? (host + suffix).endsWith(allowed) : (host + suffix).equals(allowed));
    }
}
