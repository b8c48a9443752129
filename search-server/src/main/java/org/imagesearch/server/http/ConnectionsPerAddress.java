package org.imagesearch.server.http;

import java.net.InetAddress;
import java.nio.channels.Channel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.imagesearch.server.access.Networks;

/**
 * Counts the connections of each address, so that one cannot take them all. Those that were closed are looked for only when it
 * matters: when an address seems to have too many, or when there are twice as many as can be open. Thread-safe.
 */
final class ConnectionsPerAddress {
    private final int most;
    private final int mostOfAll;
    private final Networks proxies;
    private final Map<String, List<Channel>> taken = new HashMap<>();
    private int count;

    /**
     * @param most of one address
     * @param mostOfAll that can be open at all
     * @param proxies that may have as many as they like: many clients stand behind them
     */
    ConnectionsPerAddress(int most, int mostOfAll, Networks proxies) {
        this.most = most;
        this.mostOfAll = mostOfAll;
        this.proxies = proxies;
    }

    /** Counts a connection, if its address may have one more. */
    synchronized boolean take(InetAddress address, Channel connection) {
        if (proxies.contains(address)) {
            return true;
        }
        if (count >= 2 * (long) mostOfAll) {
            forgetClosed();
        }
        List<Channel> same = taken.computeIfAbsent(Networks.customerOf(address), unseen -> new ArrayList<>());
        if (same.size() >= most) {
            int before = same.size();
            same.removeIf(other -> !other.isOpen());
            count -= before - same.size();
        }
        if (same.size() >= most) {
            return false;
        }
        same.add(connection);
        count++;
        return true;
    }

    private void forgetClosed() {
        count = 0;
        for (List<Channel> same : taken.values()) {
            same.removeIf(connection -> !connection.isOpen());
            count += same.size();
        }
        taken.values().removeIf(List::isEmpty);
    }

    /** Connections remembered, closed ones among them. */
    synchronized int remembered() {
        return count;
    }
}
