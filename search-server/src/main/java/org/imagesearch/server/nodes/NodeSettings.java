package org.imagesearch.server.nodes;

import java.time.Duration;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.tls.TlsClientSettings;

/**
 * Shards on other machines.
 *
 * @param addresses of nodes, {@code host:port}; a name of several addresses is as many nodes, and {@code @FILE} names a file with one per
 *     line, {@code index} is the one that the index has. Empty where the shards are in this process
 * @param secret what brokers must show to nodes; empty to let in whoever is on the same machine, and nobody else
 * @param acceptCertificates whether a node takes a client's certificate, as {@code serve.http.tls.client-trust} wants it, for the secret
 * @param tls how a broker's connections to nodes are encrypted
 * @param await how long a broker that starts waits for nodes to have every shard
 * @param silence time without a word after which a node counts as gone
 * @param patience least time that a shard gets once most others have answered, where a partial answer will do
 * @param hedge time after which another node is asked too, until enough answers tell what is usual
 * @param lookup what finding a single picture may take
 */
public record NodeSettings(
        List<String> addresses,
        String secret,
        boolean acceptCertificates,
        TlsClientSettings tls,
        Duration await,
        Duration silence,
        Duration patience,
        Duration hedge,
        Duration lookup) {
    private static final Duration LONGEST = Duration.ofHours(1);
    private static final int SHORTEST_SECRET = 16;

    /** @throws ImageSearchException (input) naming the setting that is out of range */
    public NodeSettings {
        if (!secret.isEmpty() && (secret.length() < SHORTEST_SECRET || !secret.matches("[!-~]+"))) {
            throw ImageSearchException.input(
                    "setting serve.nodes.secret has %d characters, expected none, or at least %d of ASCII without spaces",
                    secret.length(), SHORTEST_SECRET);
        }
        addresses.forEach(NodeAddresses::requireForm);
        addresses = List.copyOf(addresses);
        requireRange("await", await, Duration.ZERO);
        requireRange("silence", silence, Duration.ofMillis(100));
        requireRange("patience", patience, Duration.ofMillis(1));
        requireRange("hedge", hedge, Duration.ofMillis(1));
        requireRange("lookup", lookup, Duration.ofMillis(1));
    }

    private static void requireRange(String name, Duration value, Duration least) {
        if (value.compareTo(least) < 0 || value.compareTo(LONGEST) > 0) {
            throw ImageSearchException.input(
                    "setting serve.nodes.%s is %s s, expected %s s to 1 hour",
                    name, value.toNanos() / 1e9, least.toNanos() / 1e9);
        }
    }

    /** Without what nobody should read in a log. */
    @Override
    public String toString() {
        return "NodeSettings[addresses=" + addresses + ", secret=" + (secret.isEmpty() ? "" : "***")
                + ", acceptCertificates=" + acceptCertificates + ", tls=" + tls + ", await="
                + await + ", silence=" + silence + ", patience=" + patience + ", hedge=" + hedge + ", lookup=" + lookup
                + "]";
    }
}
