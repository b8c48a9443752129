package org.imagesearch.server.access;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/** A set of addresses, given one by one or as networks. */
public final class Networks {
    private static final String BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

    /** What Java takes for an address or refuses, but never asks a name server for. */
    private static final Pattern ADDRESS =
            Pattern.compile(BYTE + "(\\." + BYTE + "){3}|(?=.*:)[0-9A-Fa-f:][0-9A-Fa-f:.]*");

    /** What one customer of a network gets of IPv6; so who changes its address within is still the same. */
    private static final int BYTES_OF_ONE_CUSTOMER = 8;

    private final List<Network> networks;

    private Networks(List<Network> networks) {
        this.networks = networks;
    }

    private record Network(byte[] address, int bits) {
        boolean contains(byte[] other) {
            if (other.length != address.length) {
                return false;
            }
            for (int i = 0; i < bits; i++) {
                int mask = 0x80 >> (i % 8);
                if ((address[i / 8] & mask) != (other[i / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }

    /** @param texts addresses, {@code 10.1.2.3} or {@code ::1}, or networks, {@code 10.0.0.0/8} */
    public static Networks of(List<String> texts) {
        return new Networks(texts.stream().map(Networks::network).toList());
    }

    private static Network network(String text) {
        String[] parts = text.split("/", 2);
        byte[] address = address(parts[0])
                .orElseThrow(() -> ImageSearchException.input(
                        "'%s' is no address like 10.1.2.3 or ::1, nor a network like 10.0.0.0/8", text))
                .getAddress();
        int most = address.length * 8;
        int bits = parts.length == 1 ? most : bits(parts[1]);
        if (bits < 0 || bits > most) {
            throw ImageSearchException.input("the network '%s' has '%s' bits, expected 0 to %d", text, parts[1], most);
        }
        return new Network(address, bits);
    }

    private static int bits(String text) {
        return text.matches("[0-9]{1,3}") ? Integer.parseInt(text) : -1;
    }

    /** The address that a text is; empty if it is none, a name for example. */
    public static Optional<InetAddress> address(String text) {
        if (!ADDRESS.matcher(text).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByName(text));
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** Whether an address is one of these. */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        return networks.stream().anyMatch(network -> network.contains(bytes));
    }

    /** The address, or of IPv6 the network that one customer has. */
    public static String customerOf(InetAddress address) {
        byte[] bytes = address.getAddress();
        if (bytes.length == 4) {
            return address.getHostAddress();
        }
        Arrays.fill(bytes, BYTES_OF_ONE_CUSTOMER, bytes.length, (byte) 0);
        try {
            return InetAddress.getByAddress(bytes).getHostAddress() + "/64";
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes, not " + bytes.length, e);
        }
    }
}
