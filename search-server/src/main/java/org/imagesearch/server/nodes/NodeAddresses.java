package org.imagesearch.server.nodes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.imagesearch.core.ImageSearchException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where nodes may be, looked up anew each time: names may stand for other machines by then, and files may have other lines. What cannot
 * be looked up keeps what it was before. Not thread-safe.
 */
final class NodeAddresses {
    private static final Logger LOG = LoggerFactory.getLogger(NodeAddresses.class);

    /** Each is a connection with two threads. */
    private static final int MOST = 1000;

    private final List<String> given;
    private Set<NodeAddress> last = Set.of();

    /** @param given {@code host:port}, or {@code @FILE} with one per line; {@code #} begins a comment */
    NodeAddresses(List<String> given) {
        this.given = given;
    }

    /**
     * The nodes, each by its numeric address; one that several names stand for has the first of them.
     *
     * @throws ImageSearchException (input) at the first look, if a file cannot be read or an address has another form
     */
    Set<NodeAddress> look() {
        Map<String, NodeAddress> byAddress = new LinkedHashMap<>();
        for (String text : given) {
            try {
                named(text).stream()
                        .flatMap(named -> resolved(named).stream())
                        .forEach(node -> byAddress.putIfAbsent(node.toString(), node));
            } catch (ImageSearchException e) {
                if (last.isEmpty()) {
                    throw e;
                }
                LOG.warn("nodes unreadable given={} reason=\"{}\"", text, e.getMessage());
                return last;
            }
        }
        Set<NodeAddress> found = new LinkedHashSet<>(byAddress.values());
        if (found.size() > MOST) {
            throw ImageSearchException.input("there are %d nodes, at most %d can be asked", found.size(), MOST);
        }
        last = found;
        return found;
    }

    private static List<NodeAddress> named(String text) {
        if (!text.startsWith("@")) {
            return List.of(NodeAddress.parse(text));
        }
        Path file = Path.of(text.substring(1));
        try (Stream<String> lines = Files.lines(file)) {
            return lines.map(line -> line.replaceFirst("#.*", "").strip())
                    .filter(line -> !line.isEmpty())
                    .map(NodeAddress::parse)
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw ImageSearchException.input("--nodes: cannot read %s: %s", file, e.getMessage());
        }
    }

    /** Of a name with addresses of both kinds, those of IPv4: the others are the same machines once more. */
    private static Set<NodeAddress> resolved(NodeAddress named) {
        Set<NodeAddress> all = new LinkedHashSet<>();
        try {
            InetAddress[] addresses = InetAddress.getAllByName(named.host());
            boolean anyOldKind = Stream.of(addresses).anyMatch(Inet4Address.class::isInstance);
            for (InetAddress address : addresses) {
                if (!anyOldKind || address instanceof Inet4Address) {
                    all.add(named.at(address));
                }
            }
        } catch (UnknownHostException e) {
            LOG.warn("node unknown address={}", named);
        }
        return all;
    }
}
