package org.imagesearch.server.http;

import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * What holds for requests that change what is served, beside the key they carry.
 *
 * <p>A web page that somebody on this machine happens to look at is not that somebody. So a request that a browser sends for a
 * page of another site is refused. Where no key is needed, whoever is on this machine may ask: but not under a host that is no
 * name of this machine, which is how a site gets around that by pointing its own name here; nor through a proxy, behind which
 * everybody would be on this machine.
 */
final class AdminRules {
    private static final HttpString FETCH_SITE = new HttpString("Sec-Fetch-Site");
    private static final List<HttpString> OF_PROXIES = List.of(
            new HttpString("Forwarded"),
            new HttpString("X-Forwarded-For"),
            new HttpString("X-Forwarded-Host"),
            new HttpString("X-Real-IP"),
            new HttpString("Via"));
    private static final Pattern LOOPBACK = Pattern.compile("(localhost|127(\\.[0-9]{1,3}){3}|\\[::1])(:[0-9]{1,5})?");

    private AdminRules() {}

    /** @throws RequestException (forbidden) if a browser sent it for a page of another site */
    static void requireSameSite(HeaderMap headers) {
        String site = headers.getFirst(FETCH_SITE);
        if (site != null && !site.equals("same-origin") && !site.equals("none")) {
            throw forbidden("a page of another site asked for it");
        }
        String origin = headers.getFirst(Headers.ORIGIN);
        String host = headers.getFirst(Headers.HOST);
        if (origin != null
                && (host == null || !origin.replaceFirst("^https?://", "").equalsIgnoreCase(host))) {
            throw forbidden("a page of another site asked for it");
        }
    }

    /** @throws RequestException (forbidden) if it may come from another machine */
    static void requireOnThisMachine(InetAddress peer, HeaderMap headers) {
        if (!peer.isLoopbackAddress()) {
            throw forbidden("without a key or token in the server's settings only its own machine may ask");
        }
        if (OF_PROXIES.stream().anyMatch(headers::contains)) {
            throw forbidden("without a key or token in the server's settings nobody may ask through a proxy");
        }
        String host = headers.getFirst(Headers.HOST);
        if (host == null || !LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches()) {
            throw forbidden("without a key or token in the server's settings it must be asked as localhost");
        }
    }

    private static RequestException forbidden(String why) {
        return RequestException.of(Problem.FORBIDDEN, "not allowed: %s", why);
    }
}
