package org.imagesearch.server.pictures;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import org.imagesearch.server.access.Networks;

/** Addresses that anybody on the internet could reach, by the registries of IANA for special purposes. */
final class PublicAddresses {
    private static final Networks NOT_PUBLIC = Networks.of(List.of(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",
            // Of IPv6, tunnels among them: an address within may be any of IPv4.
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20"));

    private static final Networks PUBLIC_OF_IPV6 = Networks.of(List.of("2000::/3"));

    private PublicAddresses() {}

    static boolean contain(InetAddress address) {
        return (address instanceof Inet4Address || PUBLIC_OF_IPV6.contains(address)) && !NOT_PUBLIC.contains(address);
    }
}
