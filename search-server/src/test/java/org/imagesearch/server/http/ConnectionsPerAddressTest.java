package org.imagesearch.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.nio.channels.Channel;
import java.util.ArrayList;
import java.util.List;
import org.imagesearch.server.access.Networks;
import org.junit.jupiter.api.Test;

class ConnectionsPerAddressTest {
    private final ConnectionsPerAddress connections =
            new ConnectionsPerAddress(2, 10, Networks.of(List.of("127.0.0.1")));

    private static final class Open implements Channel {
        private boolean open = true;

        @Override
        public boolean isOpen() {
            return open;
        }

        @Override
        public void close() {
            open = false;
        }
    }

    @Test
    void anAddressHasNoMoreThanSaidUntilOneIsClosed() throws Exception {
        Open first = new Open();
        assertThat(connections.take(address("10.0.0.1"), first)).isTrue();
        assertThat(connections.take(address("10.0.0.1"), new Open())).isTrue();
        assertThat(connections.take(address("10.0.0.1"), new Open())).isFalse();
        assertThat(connections.take(address("10.0.0.2"), new Open())).isTrue();

        first.close();

        assertThat(connections.take(address("10.0.0.1"), new Open())).isTrue();
        assertThat(connections.take(address("10.0.0.1"), new Open())).isFalse();
    }

    @Test
    void proxiesHaveAsManyAsTheyLike() throws Exception {
        for (int i = 0; i < 100; i++) {
            assertThat(connections.take(address("127.0.0.1"), new Open())).isTrue();
        }
    }

    @Test
    void closedOnesAreForgottenInTheEnd() throws Exception {
        List<Open> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            Open next = new Open();
            all.add(next);
            assertThat(connections.take(address("10.0." + i / 250 + "." + i % 250), next))
                    .isTrue();
            all.get(Math.max(0, i - 5)).close();
            assertThat(connections.remembered()).isLessThanOrEqualTo(20);
        }
    }

    private static InetAddress address(String text) throws Exception {
        return InetAddress.getByName(text);
    }
}
