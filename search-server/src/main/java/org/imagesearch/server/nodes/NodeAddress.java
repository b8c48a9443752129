package org.imagesearch.server.nodes;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ImageSearchException;

/**
 * Where a node, or several of one name, can be found.
 *
 * @param host name or address; an IPv6 address without brackets
 */
record NodeAddress(String host, int port) {
    private static final Pattern FORM = Pattern.compile("(\\[[0-9a-fA-F:.]+]|[^:\\[\\]\\s/@]+):(\\d{1,5})");

    /** @throws ImageSearchException (input) naming the text, if it is not {@code host:port} */
    static NodeAddress parse(String text) {
        Matcher form = FORM.matcher(text.strip());
        if (!form.matches() || Integer.parseInt(form.group(2)) < 1 || Integer.parseInt(form.group(2)) > 65_535) {
            throw ImageSearchException.input("--nodes names '%s', expected host:port", text);
        }
        return new NodeAddress(form.group(1).replaceAll("[\\[\\]]", ""), Integer.parseInt(form.group(2)));
    }

    @Override
    public String toString() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }
}
