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
import org.imagesearch.core.index.IndexLayout;
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

    /** In place of an address: those that the index has. */
    private static final String INDEX = "index";

    private static final String FILE = "@";

    private final List<String> given;
    private final Path index;
    private Set<NodeAddress> last = Set.of();

    /**
     * @param given {@code host:port}; or {@code @FILE} with one per line, where {@code #} begins a comment; or {@code index} for the file
     *     {@code nodes} of the index, which is the same
     */
    NodeAddresses(List<String> given, Path index) {
        this.given = given;
        this.index = index;
    }

    /** @throws ImageSearchException (input) naming the text, if it can be none of those that are given */
    static void requireForm(String text) {
        if (!text.startsWith(FILE) && !text.equals(INDEX)) {
            NodeAddress.parse(text);
        }
    }

    /**
     * The nodes, each by its numeric address; one that several names stand for has the first of them.
     *
     * @throws ImageSearchException (input) at the first look, if a file cannot be read or names no node, or an address has another form
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

    private List<NodeAddress> named(String text) {
        if (text.equals(INDEX)) {
            return lines(index.resolve(IndexLayout.NODES));
        }
        return text.startsWith(FILE) ? lines(Path.of(text.substring(FILE.length()))) : List.of(NodeAddress.parse(text));
    }

    private static List<NodeAddress> lines(Path file) {
        List<NodeAddress> named = read(file);
        if (named.isEmpty()) {
            // Many editors empty a file before they write it anew.
            throw ImageSearchException.input("--nodes: %s names no node, expected lines of host:port", file);
        }
        return named;
    }

    private static List<NodeAddress> read(Path file) {
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
    private Set<NodeAddress> resolved(NodeAddress named) {
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
            last.stream().filter(known -> known.isOf(named)).forEach(all::add);
        }
        return all;
    }
}
