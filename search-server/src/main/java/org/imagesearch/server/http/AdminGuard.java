package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * Who may change what is served: whoever knows the token; without a token in the settings, whoever is on this machine.
 *
 * <p>A web page that somebody on this machine happens to look at is not that somebody. So a request that a browser sends for a
 * page of another site is refused, as is one whose host is not a name of this machine, which is how a site gets around that by
 * pointing its own name here; and one that came through a proxy, behind which everybody would be on this machine.
 */
final class AdminGuard implements Guard {
    private static final HttpString FETCH_SITE = new HttpString("Sec-Fetch-Site");
    private static final List<HttpString> OF_PROXIES = List.of(
            new HttpString("Forwarded"),
            new HttpString("X-Forwarded-For"),
            new HttpString("X-Forwarded-Host"),
            new HttpString("X-Real-IP"),
            new HttpString("Via"));
    private static final Pattern LOOPBACK = Pattern.compile("(localhost|127(\\.[0-9]{1,3}){3}|\\[::1])(:[0-9]{1,5})?");
    private static final String BEARER = "bearer ";

    private final String token;

    AdminGuard(AdminSettings settings) {
        this.token = settings.token();
    }

    @Override
    public void requireAllowed(HttpServerExchange exchange) {
        InetSocketAddress peer = exchange.getConnection().getPeerAddress(InetSocketAddress.class);
        try {
            requireAllowed(peer.getAddress(), exchange.getRequestHeaders());
        } catch (RequestException e) {
            if (e.problem() == Problem.UNAUTHORIZED) {
                exchange.getResponseHeaders().put(Headers.WWW_AUTHENTICATE, "Bearer");
            }
            throw e;
        }
    }

    /** @throws RequestException (unauthorized) without the right token; (forbidden) otherwise */
    void requireAllowed(InetAddress peer, HeaderMap headers) {
        requireSameSite(headers);
        if (token.isEmpty()) {
            requireOnThisMachine(peer, headers);
        } else {
            requireToken(headers);
        }
    }

    private static void requireSameSite(HeaderMap headers) {
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

    private static void requireOnThisMachine(InetAddress peer, HeaderMap headers) {
        if (!peer.isLoopbackAddress()) {
            throw forbidden("without a token in the server's settings only its own machine may ask");
        }
        if (OF_PROXIES.stream().anyMatch(headers::contains)) {
            throw forbidden("without a token in the server's settings nobody may ask through a proxy");
        }
        String host = headers.getFirst(Headers.HOST);
        if (host == null || !LOOPBACK.matcher(host.toLowerCase(Locale.ROOT)).matches()) {
            throw forbidden("without a token in the server's settings it must be asked as localhost");
        }
    }

    private void requireToken(HeaderMap headers) {
        String given = headers.getFirst(Headers.AUTHORIZATION);
        boolean isBearer = given != null && given.regionMatches(true, 0, BEARER, 0, BEARER.length());
        // Compared in a time that tells nothing of where they differ.
        if (!isBearer
                || !MessageDigest.isEqual(
                        given.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8),
                        token.getBytes(StandardCharsets.UTF_8))) {
            throw RequestException.of(Problem.UNAUTHORIZED, "the token of the server's settings is needed");
        }
    }

    private static RequestException forbidden(String why) {
        return RequestException.of(Problem.FORBIDDEN, "not allowed: %s", why);
    }
}
