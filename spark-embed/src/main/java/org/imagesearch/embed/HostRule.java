package org.imagesearch.embed;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Which hosts pictures may come from. A list of addresses that somebody else wrote must not become a way into the network that
 * the executors are in: hosts with an address that is not public are refused, unless they are allowed by name.
 */
final class HostRule {
    private final List<Pattern> allowed;

    /** @param allowed names of hosts that may be anywhere; {@code *} stands for any characters */
    HostRule(List<String> allowed) {
        this.allowed = allowed.stream().map(HostRule::pattern).toList();
    }

    private static Pattern pattern(String name) {
        String quoted = Pattern.quote(name.strip()).replace("*", "\\E.*\\Q");
        return Pattern.compile(quoted, Pattern.CASE_INSENSITIVE);
    }

    /**
     * @param host a name or an address, as it stands in a uri
     * @throws ReadFailure {@code forbidden_host}
     * @throws UnknownHostException if it has no address
     */
    void require(String host) throws ReadFailure, UnknownHostException {
        if (allowed.stream().anyMatch(pattern -> pattern.matcher(host).matches())) {
            return;
        }
        // Every one: the connection may take any of them. Java keeps what it looked up here for the connection that
        // follows.
        for (InetAddress address : InetAddress.getAllByName(host)) {
            if (!isPublic(address)) {
                throw new ReadFailure(
                        "forbidden_host",
                        String.format(
                                Locale.ROOT,
                                "%s is at %s, which is no public address; input.http-hosts may allow it",
                                host,
                                address.getHostAddress()));
            }
        }
    }

    static boolean isPublic(InetAddress address) {
        if (address.isLoopbackAddress()
                || address.isAnyLocalAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        byte[] bytes = address.getAddress();
        return address instanceof Inet6Address ? isPublic6(bytes) : isPublic4(bytes, 0);
    }

    /** What IANA's registry of special IPv4 addresses has beside those that Java knows. */
    private static boolean isPublic4(byte[] bytes, int from) {
        int first = bytes[from] & 0xff;
        int second = bytes[from + 1] & 0xff;
        int third = bytes[from + 2] & 0xff;
        boolean sharedByCarriers = first == 100 && (second & 0xc0) == 64;
        boolean protocols = first == 192 && second == 0 && third == 0;
        boolean benchmarks = first == 198 && (second & 0xfe) == 18;
        return first != 0
                && first < 224
                && !sharedByCarriers
                && !protocols
                && !benchmarks
                && !isPrivate4(first, second);
    }

    private static boolean isPrivate4(int first, int second) {
        return first == 10
                || first == 127
                || (first == 172 && (second & 0xf0) == 16)
                || (first == 192 && second == 168)
                || (first == 169 && second == 254);
    }

    private static boolean isPublic6(byte[] bytes) {
        boolean uniqueLocal = (bytes[0] & 0xfe) == 0xfc;
        if (uniqueLocal) {
            return false;
        }
        // 64:ff9b::/96 and 2002::/16 lead to an IPv4 address that is inside them.
        if (bytes[0] == 0 && bytes[1] == 0x64 && (bytes[2] & 0xff) == 0xff && (bytes[3] & 0xff) == 0x9b) {
            return isPublic4(bytes, 12);
        }
        if (bytes[0] == 0x20 && bytes[1] == 0x02) {
            return isPublic4(bytes, 2);
        }
        for (int i = 0; i < 12; i++) {
            if (bytes[i] != 0) {
                return true;
            }
        }
        // ::/96, once meant for IPv4 addresses too.
        return false;
    }
}
