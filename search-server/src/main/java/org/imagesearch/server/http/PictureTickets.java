package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.server.handlers.Cookie;
import io.undertow.server.handlers.CookieImpl;
import io.undertow.util.StatusCodes;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.access.ApiKey;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.query.Deadline;

/**
 * {@code POST /session}: a cookie by which a browser sees pictures, since it sends no key for an {@code img}. It opens pictures and
 * thumbnails and nothing else, for half a day, and no longer than the key it was given for is known; no script can read it.
 *
 * <p>A ticket is {@code name.expiry.signature}: the name of the key, seconds since 1970, and the HMAC-SHA256 of both under the
 * key's digest. So every server with the same file of keys takes it, and none has to remember it.
 */
final class PictureTickets {
    static final String COOKIE = "imagesearch-pictures";

    private static final Duration VALID = Duration.ofHours(12);
    private static final Pattern TICKET =
            Pattern.compile("([A-Za-z0-9._-]{1,64})\\.([0-9]{1,12})\\.([A-Za-z0-9_-]{43})");
    private static final String ALGORITHM = "HmacSHA256";

    private final ApiKeys keys;
    private final Clock clock;

    PictureTickets(ApiKeys keys, Clock clock) {
        this.keys = keys;
        this.clock = clock;
    }

    /** Gives a ticket to who came with a key; who needs none gets none. */
    void give(HttpServerExchange exchange, byte[] body, Deadline deadline) {
        Caller.of(exchange).key().ifPresent(key -> exchange.setResponseCookie(cookie(exchange, issue(key))));
        exchange.setStatusCode(StatusCodes.NO_CONTENT);
        exchange.endExchange();
    }

    private static Cookie cookie(HttpServerExchange exchange, String ticket) {
        return new CookieImpl(COOKIE, ticket)
                .setPath("/")
                .setHttpOnly(true)
                .setSecure(exchange.isSecure())
                .setSameSiteMode("Strict")
                .setMaxAge((int) VALID.toSeconds());
    }

    /** The key that the ticket of a request was given for, if it is good. */
    Optional<ApiKey> keyOf(HttpServerExchange exchange) {
        Cookie cookie = exchange.getRequestCookie(COOKIE);
        return cookie == null ? Optional.empty() : keyOf(cookie.getValue());
    }

    String issue(ApiKey key) {
        long expiry = clock.instant().plus(VALID).getEpochSecond();
        return key.name() + "." + expiry + "." + signature(key, expiry);
    }

    Optional<ApiKey> keyOf(String ticket) {
        Matcher parts = TICKET.matcher(ticket);
        if (!parts.matches()) {
            return Optional.empty();
        }
        long expiry = Long.parseLong(parts.group(2));
        if (expiry < clock.instant().getEpochSecond()) {
            return Optional.empty();
        }
        return keys.named(parts.group(1)).filter(key -> isSame(signature(key, expiry), parts.group(3)));
    }

    /** Compared in a time that tells nothing of where they differ. */
    private static boolean isSame(String expected, String given) {
        return MessageDigest.isEqual(expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    private static String signature(ApiKey key, long expiry) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key.digest().getBytes(StandardCharsets.UTF_8), ALGORITHM));
            byte[] signed = mac.doFinal((COOKIE + " " + key.name() + "." + expiry).getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder().withoutPadding().encodeToString(signed);
        } catch (GeneralSecurityException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "this Java has no " + ALGORITHM, e);
        }
    }
}
