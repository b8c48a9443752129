package org.imagesearch.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.undertow.util.HeaderMap;
import io.undertow.util.HttpString;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.imagesearch.server.access.AccessSettings;
import org.imagesearch.server.access.ApiKey;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.access.Role;
import org.imagesearch.server.query.Problem;
import org.imagesearch.server.query.RequestException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may administer; what keys open is in {@code AccessTest}. */
class DoorkeeperTest {
    private static final String TOKEN = "a-token-of-some-length";
    private static final ApiKeys KEYS = ApiKeys.open("", TOKEN);
    private static final Doorkeeper OPEN = doorkeeper("");
    private static final Doorkeeper WITH_TOKEN = doorkeeper(TOKEN);

    private static Optional<ApiKey> key(HeaderMap headers) {
        return Doorkeeper.secret(headers).flatMap(KEYS::find);
    }

    private static Doorkeeper doorkeeper(String token) {
        return new Doorkeeper(ApiKeys.open("", token), new AccessSettings("", 0, 1, 1, List.of()), refusal -> {});
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, localhost",
        "127.0.0.1, LocalHost:8080",
        "127.0.0.1, 127.0.0.1:8080",
        "127.9.8.7, 127.9.8.7",
        "::1, [::1]:8080"
    })
    void withoutATokenThisMachineMay(String peer, String host) {
        assertThatCode(() -> requireAllowed(OPEN, address(peer), headers("Host", host)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1.2.3", "192.168.0.1", "8.8.8.8", "fe80::1", "2001:db8::1", "0.0.0.0"})
    void withoutATokenNoOtherMachineMay(String peer) {
        assertRefused(OPEN, peer, headers("Host", "localhost"), Problem.FORBIDDEN, "only its own machine");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-Real-IP", "Via"})
    void withoutATokenNobodyMayThroughAProxy(String header) {
        assertRefused(
                OPEN, "127.0.0.1", headers("Host", "localhost", header, "10.0.0.1"), Problem.FORBIDDEN, "a proxy");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "evil.example",
                "localhost.evil.example",
                "127.0.0.1.evil.example",
                "127.0.0.1:80@evil.example",
                "10.1.2.3:8080",
                "[::2]",
                "",
                "localhost:"
            })
    void aNameThatSomebodyPointedHereIsNotThisMachine(String host) {
        assertRefused(OPEN, "127.0.0.1", headers("Host", host), Problem.FORBIDDEN, "as localhost");
    }

    @Test
    void withoutATokenARequestNamesItsHost() {
        assertRefused(OPEN, "127.0.0.1", headers(), Problem.FORBIDDEN, "as localhost");
    }

    @ParameterizedTest
    @CsvSource({
        "Origin, https://evil.example",
        "Origin, null",
        "Origin, http://localhost:9090",
        "Origin, http://localhost",
        "Origin, file://localhost:8080",
        "Sec-Fetch-Site, cross-site",
        "Sec-Fetch-Site, same-site",
        "Sec-Fetch-Site, nonsense"
    })
    void noPageOfAnotherSiteMayWhateverItKnows(String header, String value) {
        assertRefused(
                OPEN, "127.0.0.1", headers("Host", "localhost:8080", header, value), Problem.FORBIDDEN, "another site");
        assertRefused(
                WITH_TOKEN,
                "127.0.0.1",
                headers("Host", "localhost:8080", header, value, "Authorization", "Bearer " + TOKEN),
                Problem.FORBIDDEN,
                "another site");
    }

    @ParameterizedTest
    @CsvSource({"Origin, http://localhost:8080", "Sec-Fetch-Site, same-origin", "Sec-Fetch-Site, none"})
    void aPageOfThisServerMay(String header, String value) {
        assertThatCode(() ->
                        requireAllowed(OPEN, address("127.0.0.1"), headers("Host", "localhost:8080", header, value)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Bearer " + TOKEN, "bearer " + TOKEN, "BEARER  " + TOKEN})
    void whoKnowsTheTokenMayFromAnywhere(String authorization) {
        assertThatCode(() -> requireAllowed(
                        WITH_TOKEN,
                        address("10.1.2.3"),
                        headers("Host", "pictures.example", "Via", "1.1 proxy", "Authorization", authorization)))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Bearer",
                "Bearer ",
                "Bearer " + TOKEN + "x",
                "Bearer a-token-of-some-lengt",
                "Basic " + TOKEN,
                TOKEN
            })
    void withATokenNobodyElseMayNotEvenThisMachine(String authorization) {
        assertRefused(
                WITH_TOKEN,
                "127.0.0.1",
                headers("Host", "localhost", "Authorization", authorization),
                Problem.UNAUTHORIZED,
                "a key of this server, of role admin, is needed");
    }

    @Test
    void theTokenIsInNoText() {
        assertThat(new AdminSettings(TOKEN, Duration.ofMinutes(1)).toString()).doesNotContain(TOKEN);
    }

    private static void requireAllowed(Doorkeeper doorkeeper, InetAddress peer, HeaderMap headers) {
        doorkeeper.requireAllowed(peer, headers, key(headers), new HeaderMap(), Role.ADMIN);
    }

    private static void assertRefused(
            Doorkeeper guard, String peer, HeaderMap headers, Problem problem, String message) {
        assertThatThrownBy(() -> requireAllowed(guard, address(peer), headers))
                .isInstanceOfSatisfying(
                        RequestException.class, e -> assertThat(e.problem()).isEqualTo(problem))
                .hasMessageContaining(message);
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new AssertionError(e);
        }
    }

    private static HeaderMap headers(String... namesAndValues) {
        HeaderMap headers = new HeaderMap();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            headers.put(new HttpString(namesAndValues[i]), namesAndValues[i + 1]);
        }
        return headers;
    }
}
