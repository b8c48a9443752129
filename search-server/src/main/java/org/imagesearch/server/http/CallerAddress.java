package org.imagesearch.server.http;

import io.undertow.util.HeaderMap;
import io.undertow.util.HeaderValues;
import io.undertow.util.Headers;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.imagesearch.server.access.Networks;

/**
 * Where a request comes from. Each proxy appends the address it was asked from to {@code X-Forwarded-For}; so the list is
 * read from its end, for as long as whoever wrote an entry is a proxy of ours. What stands before that, anybody may have made up.
 */
final class CallerAddress {
    private static final int MOST_HOPS = 32;

    private final Networks proxies;

    /** @param proxies whose word is believed */
    CallerAddress(Networks proxies) {
        this.proxies = proxies;
    }

    InetAddress of(InetAddress peer, HeaderMap headers) {
        InetAddress caller = peer;
        List<String> hops = hops(headers);
        for (int i = hops.size() - 1; i >= 0 && i >= hops.size() - MOST_HOPS && proxies.contains(caller); i--) {
            Optional<InetAddress> before = Networks.address(hops.get(i));
            if (before.isEmpty()) {
                return caller;
            }
            caller = before.get();
        }
        return caller;
    }

    private static List<String> hops(HeaderMap headers) {
        HeaderValues values = headers.get(Headers.X_FORWARDED_FOR);
        List<String> hops = new ArrayList<>();
        if (values != null) {
            for (String value : values) {
                for (String hop : value.split(",")) {
                    hops.add(hop.strip());
                }
            }
        }
        return hops;
    }
}
