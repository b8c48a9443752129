package org.imagesearch.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.imagesearch.server.access.ApiKey;
import org.imagesearch.server.access.ApiKeys;
import org.imagesearch.server.access.Role;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureTicketsTest {
    private static final Instant NOW = Instant.parse("2026-11-26T12:00:00Z");
    private static final ApiKey PAGE = ApiKey.of("page", Role.SEARCH, "a secret");
    private static final ApiKey OPS = ApiKey.of("ops.1", Role.ADMIN, "another secret");

    @TempDir
    Path folder;

    private Path file;
    private ApiKeys keys;

    @BeforeEach
    void writeKeys() throws IOException {
        file = Files.writeString(folder.resolve("keys"), PAGE.line() + "\n" + OPS.line() + "\n");
        keys = ApiKeys.open(file.toString(), "");
    }

    @Test
    void aTicketIsGoodForTheKeyItWasGivenFor() {
        assertThat(at(NOW).keyOf(at(NOW).issue(PAGE))).hasValue(PAGE);
        assertThat(at(NOW).keyOf(at(NOW).issue(OPS))).hasValue(OPS);
    }

    @Test
    void anotherServerWithTheSameKeysTakesIt() {
        PictureTickets other = new PictureTickets(ApiKeys.open(file.toString(), ""), Clock.fixed(NOW, ZoneOffset.UTC));

        assertThat(other.keyOf(at(NOW).issue(PAGE))).hasValue(PAGE);
    }

    @Test
    void itEndsAfterHalfADay() {
        String ticket = at(NOW).issue(PAGE);

        assertThat(at(NOW.plus(Duration.ofHours(12))).keyOf(ticket)).isPresent();
        assertThat(at(NOW.plus(Duration.ofHours(12)).plusSeconds(1)).keyOf(ticket))
                .isEmpty();
    }

    @Test
    void itEndsWithItsKey() throws IOException {
        String ticket = at(NOW).issue(PAGE);
        Files.writeString(file, ApiKey.of("page", Role.SEARCH, "a new secret").line());
        keys.reread();

        assertThat(at(NOW).keyOf(ticket)).isEmpty();
    }

    @Test
    void whatWasChangedInItIsSeen() {
        String ticket = at(NOW).issue(PAGE);
        long expiry = NOW.plus(Duration.ofHours(12)).getEpochSecond();

        assertThat(at(NOW).keyOf(ticket.replace("page", "ops.1"))).isEmpty();
        assertThat(at(NOW).keyOf(ticket.replace("" + expiry, "" + (expiry + 1))))
                .isEmpty();
        assertThat(at(NOW).keyOf(ticket.substring(0, ticket.length() - 1))).isEmpty();
        assertThat(at(NOW).keyOf(ticket + "A")).isEmpty();
        assertThat(at(NOW).keyOf("")).isEmpty();
        assertThat(at(NOW).keyOf("page." + expiry + "." + PAGE.digest().substring(0, 43)))
                .isEmpty();
    }

    private PictureTickets at(Instant now) {
        return new PictureTickets(keys, Clock.fixed(now, ZoneOffset.UTC));
    }
}
