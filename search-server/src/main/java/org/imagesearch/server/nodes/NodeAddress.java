package org.imagesearch.server.nodes;

import java.net.InetAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * Where a node, or several of one name, can be found.
 *
 * @param name by which it was given, which is that of its certificate; an IPv6 address without brackets
 * @param host the same, or one of the numeric addresses that the name stands for
 */
record NodeAddress(String name, String host, int port) {
    private static final Pattern FORM = Pattern.compile("(\\[[0-9a-fA-F:.]+]|[^:\\[\\]\\s/@]+):(\\d{1,5})");

    /** @throws ImageSearchException (input) naming the text, if it is not {@code host:port} */
    static NodeAddress parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches() || Integer.parseInt(form.group(2)) < 1 || Integer.parseInt(form.group(2)) > 65_535) {
            throw ImageSearchException.input("--nodes names '%s', expected host:port", text);
        }
        String name = form.group(1).replaceAll("[\\[\\]]", "");
        return new NodeAddress(name, name, Integer.parseInt(form.group(2)));
    }

    /** The same node, or one of several, by its numeric address. */
    NodeAddress at(InetAddress numeric) {
        return new NodeAddress(name, numeric.getHostAddress(), port);
    }

    /** Whether it was given by the same name and port. */
    boolean isOf(NodeAddress named) {
        return authority().equals(named.authority());
    }

    /** {@code name:port}, as HTTP wants it. */
    String authority() {
        return joined(name, port);
    }

    @Override
    public String toString() {
        return joined(host, port);
    }

    private static String joined(String host, int port) {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
