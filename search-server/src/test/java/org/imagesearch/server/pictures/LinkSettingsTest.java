package org.imagesearch.server.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LinkSettingsTest {
    private static LinkSettings of(String... hosts) {
        return new LinkSettings(List.of(hosts), false, Duration.ofSeconds(5), 4);
    }

    @ParameterizedTest
    @CsvSource({
        "images.example.org, images.example.org, -1, true",
        "Images.Example.ORG, images.example.org, -1, true",
        "images.example.org, images.example.org, 8080, false",
        "images.example.org:8080, images.example.org, 8080, true",
        "images.example.org:8080, images.example.org, -1, false",
        "images.example.org, a.images.example.org, -1, false",
        ".example.org, images.example.org, -1, true",
        ".example.org, a.b.example.org, -1, true",
        ".example.org, example.org, -1, false",
        ".example.org, evilexample.org, -1, false",
        ".example.org, images.example.org, 8080, false",
        ".example.org:8080, images.example.org, 8080, true",
    })
    void aHostIsAllowedByItsNameAndPort(String allowed, String host, int port, boolean isAllowed) {
        assertThat(of(allowed).allows(host, port)).isEqualTo(isAllowed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "*", "*.example.org", "https://example.org", "example.org/", "a..b", "a:0", "a b"})
    void whatIsNoHostIsRefused(String host) {
        assertThatExceptionOfType(ImageSearchException.class)
                .isThrownBy(() -> of(host))
                .withMessageContainingAll("serve.picture.links.hosts", "'" + host + "'");
    }

    @Test
    void timesAndCountsHaveRanges() {
        assertThatExceptionOfType(ImageSearchException.class)
                .isThrownBy(() -> new LinkSettings(List.of(), false, Duration.ofMinutes(2), 4))
                .withMessageContaining("serve.picture.links.timeout is 120.0 s");
        assertThatExceptionOfType(ImageSearchException.class)
                .isThrownBy(() -> new LinkSettings(List.of(), false, Duration.ofSeconds(2), 0))
                .withMessageContaining("serve.picture.links.at-once is 0");
    }
}
