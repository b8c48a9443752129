package org.imagesearch.server.http;

import io.undertow.server.HttpServerExchange;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import io.undertow.util.HttpString;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.imagesearch.server.access.AccessSettings;
import org.imagesearch.server.access.ApiKey;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.access.Networks;
import org.imagesearch.server.access.Role;
import org.imagesearch.server.access.TokenBuckets;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;

/**
 * Decides by a request's head who sent it, whether they ask too often, and whether they may ask this.
 *
 * <p>A key comes as {@code Authorization: Bearer KEY} or as {@code X-API-Key: KEY}. Where keys are not needed for something,
 * everybody may search, and whoever is on this machine may do the rest.
 */
final class Doorkeeper {
    static final HttpString API_KEY = new HttpString("X-API-Key");

    private static final String BEARER = "bearer ";

    private final ApiKeys keys;
    private final TokenBuckets buckets;
    private final CallerAddress addresses;
    private final Consumer<Refusal> count;

    /** @param count is told of every refusal */
    Doorkeeper(ApiKeys keys, AccessSettings settings, Consumer<Refusal> count) {
        this.keys = keys;
        this.buckets = new TokenBuckets(settings.rate(), settings.burst(), settings.callers(), System::nanoTime);
        this.addresses = new CallerAddress(Networks.of(settings.proxies()));
        this.count = count;
    }

    /** Lets in whoever may do what a role is needed for. */
    Guard requiring(Role role) {
        return exchange -> {
            HeaderMap headers = exchange.getRequestHeaders();
            requireAllowed(exchange, secret(headers).flatMap(keys::find), role);
        };
    }

    /** Lets in whoever may search, and browsers that have a ticket for pictures. */
    Guard requiringKeyOr(PictureTickets tickets) {
        return exchange -> {
            Optional<String> secret = secret(exchange.getRequestHeaders());
            Optional<ApiKey> key = secret.isPresent() ? secret.flatMap(keys::find) : tickets.keyOf(exchange);
            requireAllowed(exchange, key, Role.SEARCH);
        };
    }

    private void requireAllowed(HttpServerExchange exchange, Optional<ApiKey> key, Role role) {
        requireAllowed(Caller.peer(exchange), exchange.getRequestHeaders(), key, exchange.getResponseHeaders(), role)
                .attachTo(exchange);
    }

    /**
     * Who it is.
     *
     * @param key that the request carries
     * @param answered headers of the answer, which get what belongs to a refusal
     * @throws RequestException (unauthorized, forbidden, too many requests) if they may not
     */
    Caller requireAllowed(InetAddress peer, HeaderMap headers, Optional<ApiKey> key, HeaderMap answered, Role role) {
        Caller caller = new Caller(addresses.of(peer, headers), key);
        requireRate(caller, answered);
        if (role == Role.ADMIN) {
            requireSite(peer, headers);
        }
        if (keys.areNeededFor(role)) {
            requireKey(caller, role, answered);
        }
        return caller;
    }

    private void requireRate(Caller caller, HeaderMap answered) {
        // A wrong key counts for the address it comes from, so that guessing is slow.
        String who =
                caller.key().map(key -> "key " + key.name()).orElseGet(() -> Networks.customerOf(caller.address()));
        Optional<Duration> wait = buckets.take(who);
        if (wait.isPresent()) {
            count.accept(Refusal.RATE);
            long seconds = Math.max(1, wait.get().plusMillis(999).toSeconds());
            answered.put(Headers.RETRY_AFTER, seconds);
            throw RequestException.of(
                    Problem.TOO_MANY_REQUESTS,
                    "%s asks too often: come again in %d s",
                    caller.key().map(ApiKey::name).orElse("this address"),
                    seconds);
        }
    }

    private void requireSite(InetAddress peer, HeaderMap headers) {
        try {
            AdminRules.requireSameSite(headers);
            if (!keys.areNeededFor(Role.ADMIN)) {
                AdminRules.requireOnThisMachine(peer, headers);
            }
        } catch (RequestException e) {
            count.accept(Refusal.ORIGIN);
            throw e;
        }
    }

    private void requireKey(Caller caller, Role role, HeaderMap answered) {
        if (caller.key().isEmpty()) {
            count.accept(Refusal.NO_KEY);
            answered.put(Headers.WWW_AUTHENTICATE, "Bearer");
            throw RequestException.of(Problem.UNAUTHORIZED, "a key of this server, of role %s, is needed", role);
        }
        ApiKey key = caller.key().get();
        if (!key.role().includes(role)) {
            count.accept(Refusal.ROLE);
            throw RequestException.of(
                    Problem.FORBIDDEN,
                    "not allowed: the key '%s' has the role %s, expected %s",
                    key.name(),
                    key.role(),
                    role);
        }
    }

    /** The key that a request carries, known or not. */
    static Optional<String> secret(HeaderMap headers) {
        String given = headers.getFirst(Headers.AUTHORIZATION);
        String secret = given != null && given.regionMatches(true, 0, BEARER, 0, BEARER.length())
                ? given.substring(BEARER.length()).strip()
                : headers.getFirst(API_KEY);
        return Optional.ofNullable(secret).filter(text -> !text.isEmpty());
    }
}
