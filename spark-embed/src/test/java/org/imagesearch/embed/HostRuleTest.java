package org.imagesearch.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostRuleTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.8.9.1",
                "0.0.0.0",
                "0.1.2.3",
                "10.1.2.3",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "169.254.169.254",
                "100.64.0.1",
                "192.0.0.8",
                "198.18.0.1",
                "224.0.0.1",
                "240.0.0.1",
                "255.255.255.255",
                "::1",
                "::",
                "::10.0.0.1",
                "::ffff:10.0.0.1",
                "fe80::1",
                "fc00::1",
                "fd12:3456::1",
                "ff02::1",
                "64:ff9b::7f00:1",
                "2002:a00:1::",
            })
    void addressesThatAreNotPublicAreRefused(String address) throws UnknownHostException {
        assertThat(HostRule.isPublic(InetAddress.getByName(address))).isFalse();
        String host = address.contains(":") ? "[" + address + "]" : address;
        assertThatThrownBy(() -> new HostRule(List.of()).require(host))
                .isInstanceOfSatisfying(
                        ReadFailure.class, e -> assertThat(e.error()).isEqualTo("forbidden_host"))
                .hasMessageContaining("no public address");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "172.15.0.1",
                "172.32.0.1",
                "100.63.0.1",
                "100.128.0.1",
                "198.20.0.1",
                "192.0.1.1",
                "223.255.255.255",
                "2606:4700::1111",
                "64:ff9b::101:101",
            })
    void publicAddressesAreTaken(String address) throws UnknownHostException {
        assertThat(HostRule.isPublic(InetAddress.getByName(address))).isTrue();
    }

    @Test
    void hostsMayBeAllowedByName() {
        HostRule rule = new HostRule(List.of("*.example", "127.0.0.?", "127.0.0.1"));
        assertThatCode(() -> rule.require("Pictures.Example")).doesNotThrowAnyException();
        assertThatCode(() -> rule.require("127.0.0.1")).doesNotThrowAnyException();
        assertThatThrownBy(() -> rule.require("127.0.0.2")).isInstanceOf(ReadFailure.class);
        assertThatThrownBy(() -> rule.require("localhost")).isInstanceOf(ReadFailure.class);
    }
}
