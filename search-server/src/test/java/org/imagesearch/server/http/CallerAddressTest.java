package org.imagesearch.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import java.net.InetAddress;
import java.util.List;
import org.imagesearch.server.access.Networks;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CallerAddressTest {
    private final CallerAddress addresses = new CallerAddress(Networks.of(List.of("10.0.0.0/8", "::1")));

    @ParameterizedTest
    @CsvSource({
        "8.8.8.8, '', 8.8.8.8",
        "8.8.8.8, 1.1.1.1, 8.8.8.8",
        "10.0.0.1, '', 10.0.0.1",
        "10.0.0.1, 1.1.1.1, 1.1.1.1",
        "::1, 1.1.1.1, 1.1.1.1",
        "10.0.0.1, '6.6.6.6, 1.1.1.1', 1.1.1.1",
        "10.0.0.1, '6.6.6.6, 1.1.1.1, 10.0.0.2', 1.1.1.1",
        "10.0.0.1, '6.6.6.6,10.9.9.9 , 10.0.0.2', 6.6.6.6",
        "10.0.0.1, 'made up', 10.0.0.1",
        "10.0.0.1, 'localhost', 10.0.0.1",
        "10.0.0.1, '1.1.1.1, unknown, 10.0.0.3', 10.0.0.3",
        "10.0.0.1, 2001:db8::7, 2001:db8::7"
    })
    void onlyWhatOurProxiesSayIsBelieved(String peer, String forwarded, String caller) throws Exception {
        HeaderMap headers = new HeaderMap();
        if (!forwarded.isEmpty()) {
            headers.put(Headers.X_FORWARDED_FOR, forwarded);
        }

        assertThat(addresses.of(InetAddress.getByName(peer), headers)).isEqualTo(InetAddress.getByName(caller));
    }
}
