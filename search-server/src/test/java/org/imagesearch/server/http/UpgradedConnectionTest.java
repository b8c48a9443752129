package org.imagesearch.server.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.undertow.server.HttpHandler;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.imagesearch.core.settings.Settings;
import org.imagesearch.server.access.Networks;
import org.imagesearch.server.nodes.OpenConnection;
import org.imagesearch.server.tls.Certificates;
import org.imagesearch.server.tls.ClientAuth;
import org.imagesearch.server.tls.TlsClient;
import org.imagesearch.server.tls.TlsClientSettings;
import org.imagesearch.server.tls.TlsFiles;
import org.imagesearch.server.tls.TlsSettings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Streams over a connection that was HTTP, encrypted, with a thread that reads and one that writes on either side. */
class UpgradedConnectionTest {
    private static final int TIMEOUT_MILLIS = 20_000;
    private static final long BYTES = 64L << 20;
    private static final int TO_SERVER = 1;
    private static final int TO_CLIENT = 2;

    private final BlockingQueue<OpenConnection> upgraded = new LinkedBlockingQueue<>();

    @TempDir
    Path folder;

    /** Sizes of what is written at once: less than a record of TLS, one, and some. */
    @ParameterizedTest
    @ValueSource(ints = {1_000, 16_384, 200_000})
    void muchGoesBothWaysAtOnceAndArrivesAsItWas(int atOnce) throws Exception {
        try (Listener listener = listen();
                Socket plain = connect(listener);
                Socket client = encrypted(plain)) {
            OpenConnection server = upgraded.poll(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
            OutputStream toServer = client.getOutputStream();
            InputStream fromServer = client.getInputStream();

            List<CompletableFuture<Long>> sent = List.of(
                    running(() -> send(toServer, TO_SERVER, atOnce)),
                    running(() -> send(server.out(), TO_CLIENT, atOnce)));
            List<CompletableFuture<Long>> received =
                    List.of(running(() -> receive(server.in())), running(() -> receive(fromServer)));

            for (int way = 0; way < sent.size(); way++) {
                assertThat(received.get(way).get(60, TimeUnit.SECONDS))
                        .isEqualTo(sent.get(way).get(60, TimeUnit.SECONDS));
            }
        }
    }

    @Test
    void closingEndsReadingOnBothSides() throws Exception {
        try (Listener listener = listen();
                Socket plain = connect(listener);
                Socket client = encrypted(plain)) {
            OpenConnection server = upgraded.poll(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
            CompletableFuture<Long> reading = running(() -> (long) server.in().read());

            server.channel().close();

            assertThat(client.getInputStream().read()).isEqualTo(-1);
            assertThat(reading.handle((read, failure) -> failure != null || read == -1)
                            .get(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS))
                    .isTrue();
        }
    }

    private interface Work {
        long run() throws IOException;
    }

    private static CompletableFuture<Long> running(Work work) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return work.run();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                task -> new Thread(task, "pump").start());
    }

    /** Returns the checksum of what was sent. */
    private static long send(OutputStream out, long seed, int atOnce) throws IOException {
        byte[] bytes = new byte[atOnce];
        new Random(seed).nextBytes(bytes);
        CRC32C checksum = new CRC32C();
        for (long left = BYTES; left > 0; left -= atOnce) {
            int some = (int) Math.min(left, atOnce);
            out.write(bytes, 0, some);
            checksum.update(bytes, 0, some);
        }
        out.flush();
        return checksum.getValue();
    }

    private static long receive(InputStream in) throws IOException {
        byte[] bytes = new byte[1 << 16];
        CRC32C checksum = new CRC32C();
        long left = BYTES;
        while (left > 0) {
            int read = in.read(bytes, 0, (int) Math.min(left, bytes.length));
            if (read < 0) {
                throw new EOFException(left + " bytes are missing");
            }
            checksum.update(bytes, 0, read);
            left -= read;
        }
        return checksum.getValue();
    }

    private record OfHttp(HttpSettings http) {}

    private Listener listen() throws IOException {
        Certificates made = Certificates.make(folder, "node", "EC");
        Files.writeString(folder.resolve("trust.pem"), made.certificatePem());
        TlsSettings tls = new TlsSettings(made.store().toString(), "", Certificates.PASSWORD, ClientAuth.NONE, "");
        HttpSettings http = Settings.load("serve", Optional.empty(), Map.of(), Map.of("http.port", "0"))
                .bind(OfHttp.class)
                .http();
        HttpHandler upgrading = exchange -> {
            exchange.upgradeChannel(
                    "bytes", (connection, then) -> upgraded.add(UpgradedConnection.of(connection, List.of())));
            exchange.endExchange();
        };
        return Listener.start(
                http, Optional.of(new TlsFiles(tls).context()), Networks.of(List.of()), upgrading, refusal -> {});
    }

    private static Socket connect(Listener listener) throws IOException {
        Socket plain = new Socket("localhost", listener.address().getPort());
        plain.setSoTimeout(TIMEOUT_MILLIS);
        return plain;
    }

    private Socket encrypted(Socket plain) throws IOException {
        String trust = folder.resolve("trust.pem").toString();
        Socket client =
                new TlsClient(new TlsClientSettings(trust, "", "", "")).over(plain, "localhost", plain.getPort());
        client.getOutputStream()
                .write("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: bytes\r\n\r\n".getBytes(US_ASCII));
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            head.append((char) client.getInputStream().read());
        }
        assertThat(head.toString()).startsWith("HTTP/1.1 101");
        return client;
    }
}
