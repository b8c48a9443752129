package org.imagesearch.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.imagesearch.server.Visitor.Reply;
import org.imagesearch.server.tls.Certificates;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Encrypted connections, with real certificates. */
class TlsTest {
    private static final byte HANDSHAKE = 22;
    private static final byte ALERT = 21;

    @TempDir
    static Path folder;

    private static Certificates server;
    private static Certificates client;
    private static SearchServer started;

    @BeforeAll
    static void prepare() {
        SmallIndex.publish(folder.resolve("index"), 1, 61, 60, 1);
        server = Certificates.make(folder, "server", "EC");
        client = Certificates.make(folder, "client", "RSA");
        started = start(ofStore());
    }

    @AfterAll
    static void stopServer() {
        if (started != null) {
            started.close();
        }
    }

    private static SearchServer start(Map<String, String> settings) {
        return TestServers.start(folder.resolve("index"), settings);
    }

    private static Map<String, String> ofStore() {
        return Map.of("http.tls.certificate", server.store().toString(), "http.tls.password", Certificates.PASSWORD);
    }

    @Test
    void withAStoreEverythingIsEncrypted() {
        assertThat(started.address().getScheme()).isEqualTo("https");
        Visitor visitor = Visitor.over(server.client(), started.address());

        Reply found = visitor.get("/search?text=a&k=3");

        assertThat(found.status()).isEqualTo(200);
        assertThat(found.ids()).hasSize(3);
        assertThat(found.header("strict-transport-security")).hasValue("max-age=31536000");
        assertThat(visitor.get("/config.json").json().path("defaultBackend").asText())
                .startsWith("https://");
        byte[] large = SmallIndex.picture("png", 900, 900, Color.BLUE);
        assertThat(visitor.post("/search?k=1", "image/png", large).status()).isEqualTo(200);
    }

    @Test
    void whenTheCertificateEndsIsTold() {
        double end = Visitor.over(server.client(), started.address()).metric("imagesearch_certificate_end_seconds");

        X509Certificate certificate = server.certificate();
        assertThat(end).isEqualTo((double) certificate.getNotAfter().toInstant().getEpochSecond());
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
    void theTwoVersionsThatAreSoundAreSpoken(String version) throws Exception {
        SSLSocketFactory sockets = server.client().getSocketFactory();
        try (SSLSocket socket =
                (SSLSocket) sockets.createSocket("localhost", started.address().getPort())) {
            socket.setEnabledProtocols(new String[] {version});
            socket.startHandshake();

            assertThat(socket.getSession().getProtocol()).isEqualTo(version);
            assertThat(socket.getSession().getCipherSuite()).containsAnyOf("_GCM_", "_CHACHA20_");
        }
    }

    /** With bytes of our own: Java's client itself would not say such a thing. */
    @ParameterizedTest
    @CsvSource({"3, true", "2, false", "1, false", "0, false"})
    void olderVersionsAreAnsweredWithAnAlert(byte minor, boolean isSpoken) throws Exception {
        try (Socket socket = new Socket("localhost", started.address().getPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(clientHello(minor));
            byte[] answer = socket.getInputStream().readNBytes(7);

            if (isSpoken) {
                assertThat(answer[0]).as("a handshake goes on").isEqualTo(HANDSHAKE);
            } else {
                assertThat(answer)
                        .as("a fatal alert: protocol version")
                        .startsWith(ALERT)
                        .endsWith((byte) 2, (byte) 70);
            }
        }
    }

    /** A first message of TLS 1.(minor - 1): ciphers that both old and new versions have, and the curve of our certificate. */
    private static byte[] clientHello(byte minor) {
        byte[] hello = HexFormat.of()
                .parseHex("03" + HexFormat.of().toHexDigits(minor) + "00".repeat(32) + "00"
                        + "0006c009c02b00ff" + "0100" + "0022" + "000a00040002" + "0017" + "000b00020100"
                        + "000d0010000e040305030603040105010601" + "0201");
        return ByteBuffer.allocate(hello.length + 9)
                .put(new byte[] {HANDSHAKE, 3, 1})
                .putShort((short) (hello.length + 4))
                .putInt((1 << 24) | hello.length)
                .put(hello)
                .array();
    }

    @Test
    void oldCiphersAreNotSpoken() throws Exception {
        SSLSocketFactory sockets = server.client().getSocketFactory();
        try (SSLSocket socket =
                (SSLSocket) sockets.createSocket("localhost", started.address().getPort())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            socket.setEnabledCipherSuites(new String[] {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"});
            assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class);
        }
    }

    @Test
    void whoSpeaksPlainlyIsNotAnswered() {
        URI plain = URI.create("http://localhost:" + started.address().getPort());

        assertThat(new Visitor(plain)
                        .raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                        .status())
                .isZero();
    }

    @Test
    void whoSaysNothingIsCutOff() throws Exception {
        Map<String, String> settings = new HashMap<>(ofStore());
        settings.put("http.idle-timeout", "200 ms");
        try (SearchServer own = start(settings);
                Socket socket = new Socket("localhost", own.address().getPort())) {
            socket.setSoTimeout(20_000);

            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aCertificateThatIsRenewedIsServedWithoutARestart(@TempDir Path files) throws Exception {
        Certificates first = Certificates.make(files, "first", "EC");
        Certificates second = Certificates.make(files, "second", "EC");
        Path certificate = Files.writeString(files.resolve("tls.crt"), first.certificatePem());
        Path key = Files.writeString(files.resolve("tls.key"), first.keyPem());
        Map<String, String> settings =
                Map.of("http.tls.certificate", certificate.toString(), "http.tls.key", key.toString());
        try (LogCapture log = new LogCapture();
                SearchServer own = start(settings)) {
            assertThat(shown(own, first)).isEqualTo(first.certificate());

            // Half of a renewal: that is not served, and nothing breaks.
            Files.writeString(certificate, second.certificatePem());
            TestServers.await("it is seen and refused", () -> log.lines().stream()
                    .anyMatch(
                            line -> line.contains("the private key is not that of the certificate in " + certificate)));
            assertThat(shown(own, first)).isEqualTo(first.certificate());
            Path renewed = Files.writeString(files.resolve("renewed"), second.keyPem());
            Files.move(renewed, key, StandardCopyOption.REPLACE_EXISTING);

            TestServers.await("the second is served", () -> second.certificate().equals(shown(own, second)));
        }
    }

    /** The certificate that a new connection gets; null where it is not the one that is trusted. */
    private static Certificate shown(SearchServer started, Certificates trusted) {
        try (SSLSocket socket = (SSLSocket) trusted.client()
                .getSocketFactory()
                .createSocket("localhost", started.address().getPort())) {
            socket.startHandshake();
            return socket.getSession().getPeerCertificates()[0];
        } catch (SSLException e) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whereClientsMustShowACertificateOnlyAGoodOneDoes() throws IOException {
        Path trust = Files.writeString(folder.resolve("trust.pem"), client.certificatePem());
        Map<String, String> settings = new HashMap<>(ofStore());
        settings.put("http.tls.client-trust", trust.toString());
        settings.put("http.tls.client-auth", "require");
        try (SearchServer own = start(settings)) {
            assertThat(Visitor.over(server.client(client), own.address())
                            .get("/healthz")
                            .status())
                    .isEqualTo(200);
            assertNotAnswered(Visitor.over(server.client(), own.address()));
            assertNotAnswered(Visitor.over(server.client(server), own.address()));
        }
        settings.put("http.tls.client-auth", "request");
        try (SearchServer own = start(settings)) {
            assertThat(Visitor.over(server.client(client), own.address())
                            .get("/healthz")
                            .status())
                    .isEqualTo(200);
            assertThat(Visitor.over(server.client(), own.address())
                            .get("/healthz")
                            .status())
                    .isEqualTo(200);
        }
    }

    private static void assertNotAnswered(Visitor visitor) {
        assertThatThrownBy(() -> visitor.get("/healthz")).isInstanceOf(UncheckedIOException.class);
    }
}
