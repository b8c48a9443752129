package org.imagesearch.server.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NetworksTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.1.2, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "192.168.4.0/22, 192.168.7.255, true",
        "192.168.4.0/22, 192.168.8.0, false",
        "10.1.2.3, 10.1.2.3, true",
        "10.1.2.3, 10.1.2.4, false",
        "0.0.0.0/0, 8.8.8.8, true",
        "0.0.0.0/0, ::1, false",
        "::1, ::1, true",
        "2001:db8::/33, 2001:db8:7fff::1, true",
        "2001:db8::/33, 2001:db8:8000::1, false",
        "10.0.0.0/8, ::ffff:10.0.0.1, true"
    })
    void aNetworkHasTheAddressesThatBeginLikeIt(String network, String address, boolean has) throws Exception {
        assertThat(Networks.of(List.of(network)).contains(InetAddress.getByName(address)))
                .isEqualTo(has);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "proxy.example",
                "10.0.0.0/33",
                "::/129",
                "10.0.0.0/-1",
                "10.0.0.0/",
                "10.0.0.256",
                ".:1",
                "010.0.0.1",
                "fe80::1%eth0",
                "1.2",
                "a"
            })
    void whatIsNoAddressIsNamed(String text) {
        assertThatThrownBy(() -> Networks.of(List.of(text))).hasMessageContaining("'" + text + "'");
    }

    @Test
    void ofSixthKindAddressesACustomerHasANetwork() throws Exception {
        assertThat(Networks.customerOf(InetAddress.getByName("10.1.2.3"))).isEqualTo("10.1.2.3");
        assertThat(Networks.customerOf(InetAddress.getByName("2001:db8:1:2:3:4:5:6")))
                .isEqualTo(Networks.customerOf(InetAddress.getByName("2001:db8:1:2::")))
                .isNotEqualTo(Networks.customerOf(InetAddress.getByName("2001:db8:1:3::")));
    }
}
