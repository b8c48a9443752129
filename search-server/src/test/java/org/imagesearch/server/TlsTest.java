package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import org.imagesearch.server.Visitor.Reply;
import org.imagesearch.server.tls.Certificates;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Encrypted connections, with real certificates. */
class TlsTest {
    @TempDir
    static Path folder;

    private static Certificates server;
    private static Certificates client;

    @BeforeAll
    static void prepare() {
        SmallIndex.publish(folder.resolve("index"), 1, 61, 60, 1);
        server = Certificates.make(folder, "server", "EC");
        client = Certificates.make(folder, "client", "RSA");
    }

    private static SearchServer start(Map<String, String> settings) {
        return TestServers.start(folder.resolve("index"), settings);
    }

    private static Map<String, String> ofStore() {
        return Map.of("http.tls.certificate", server.store().toString(), "http.tls.password", Certificates.PASSWORD);
    }

    @Test
    void withAStoreEverythingIsEncrypted() {
        try (SearchServer started = start(ofStore())) {
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
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void pemFilesDoTooWithTheKeyBesideOrWithin(String algorithm, @TempDir Path pem) throws IOException {
        Certificates made = Certificates.make(pem, "made", algorithm);
        Path certificate = Files.writeString(pem.resolve("tls.crt"), made.certificatePem());
        Path key = Files.writeString(pem.resolve("tls.key"), made.keyPem());
        Path both = Files.writeString(pem.resolve("both.pem"), made.keyPem() + made.certificatePem());
        for (Map<String, String> settings : List.of(
                Map.of("http.tls.certificate", certificate.toString(), "http.tls.key", key.toString()),
                Map.of("http.tls.certificate", both.toString()))) {
            try (SearchServer started = start(settings)) {
                assertThat(Visitor.over(made.client(), started.address())
                                .get("/healthz")
                                .status())
                        .isEqualTo(200);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.3, true", "TLSv1.2, true", "TLSv1.1, false", "TLSv1, false"})
    void onlyTheTwoVersionsThatAreSoundAreSpoken(String version, boolean isSpoken) throws Exception {
        try (SearchServer started = start(ofStore())) {
            SSLSocketFactory sockets = server.client().getSocketFactory();
            try (SSLSocket socket = (SSLSocket)
                    sockets.createSocket("localhost", started.address().getPort())) {
                socket.setEnabledProtocols(new String[] {version});
                if (isSpoken) {
                    socket.startHandshake();
                    assertThat(socket.getSession().getProtocol()).isEqualTo(version);
                    assertThat(socket.getSession().getCipherSuite()).containsAnyOf("_GCM_", "_CHACHA20_");
                } else {
                    assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLException.class);
                }
            }
        }
    }

    @Test
    void oldCiphersAreNotSpoken() throws Exception {
        try (SearchServer started = start(ofStore())) {
            SSLSocketFactory sockets = server.client().getSocketFactory();
            try (SSLSocket socket = (SSLSocket)
                    sockets.createSocket("localhost", started.address().getPort())) {
                socket.setEnabledProtocols(new String[] {"TLSv1.2"});
                socket.setEnabledCipherSuites(new String[] {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"});
                assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class);
            }
        }
    }

    @Test
    void whoSpeaksPlainlyIsNotAnswered() {
        try (SearchServer started = start(ofStore())) {
            URI plain = URI.create("http://localhost:" + started.address().getPort());

            assertThat(new Visitor(plain)
                            .raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                            .status())
                    .isZero();
        }
    }

    @Test
    void whoSaysNothingIsCutOff() throws Exception {
        Map<String, String> settings = new HashMap<>(ofStore());
        settings.put("http.idle-timeout", "200 ms");
        try (SearchServer started = start(settings);
                Socket socket = new Socket("localhost", started.address().getPort())) {
            socket.setSoTimeout(20_000);

            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void aCertificateThatIsRenewedIsServedWithoutARestart(@TempDir Path own) throws Exception {
        Certificates first = Certificates.make(own, "first", "EC");
        Certificates second = Certificates.make(own, "second", "EC");
        Path certificate = Files.writeString(own.resolve("tls.crt"), first.certificatePem());
        Path key = Files.writeString(own.resolve("tls.key"), first.keyPem());
        Map<String, String> settings =
                Map.of("http.tls.certificate", certificate.toString(), "http.tls.key", key.toString());
        try (SearchServer started = start(settings)) {
            assertThat(shown(started, first)).isEqualTo(first.certificate());

            // Half of a renewal: that is not served, and nothing breaks.
            Files.writeString(certificate, second.certificatePem());
            assertThat(shown(started, first)).isEqualTo(first.certificate());
            Path renewed = Files.writeString(own.resolve("renewed"), second.keyPem());
            Files.move(renewed, key, StandardCopyOption.REPLACE_EXISTING);

            TestServers.await("the second is served", () -> second.certificate().equals(shown(started, second)));
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
        try (SearchServer started = start(settings)) {
            assertThat(Visitor.over(server.client(client), started.address())
                            .get("/healthz")
                            .status())
                    .isEqualTo(200);
            assertNotAnswered(Visitor.over(server.client(), started.address()));
            assertNotAnswered(Visitor.over(server.client(server), started.address()));
        }
        settings.put("http.tls.client-auth", "request");
        try (SearchServer started = start(settings)) {
            assertThat(Visitor.over(server.client(client), started.address())
                            .get("/healthz")
                            .status())
                    .isEqualTo(200);
            assertThat(Visitor.over(server.client(), started.address())
                            .get("/healthz")
                            .status())
                    .isEqualTo(200);
        }
    }

    private static void assertNotAnswered(Visitor visitor) {
        assertThatThrownBy(() -> visitor.get("/healthz")).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void filesThatCannotServeEndTheStartByName(@TempDir Path own) throws IOException {
        Path certificate = Files.writeString(own.resolve("tls.crt"), server.certificatePem());
        Path otherKey = Files.writeString(
                own.resolve("other.key"), Certificates.make(own, "x", "EC").keyPem());
        Path rsaKey = Files.writeString(own.resolve("rsa.key"), client.keyPem());
        Path oldKey =
                Files.writeString(own.resolve("old.key"), server.keyPem().replace("PRIVATE KEY", "RSA PRIVATE KEY"));
        Path nothing = Files.write(own.resolve("nothing"), "none".getBytes(UTF_8));

        assertRefused(Map.of("http.tls.certificate", own + "/none"), "cannot read " + own + "/none");
        assertRefused(Map.of("http.tls.certificate", nothing.toString()), nothing + " holds no certificate");
        assertRefused(Map.of("http.tls.certificate", certificate.toString()), certificate + " holds no private key");
        assertRefused(
                Map.of("http.tls.certificate", certificate.toString(), "http.tls.key", otherKey.toString()),
                "the private key is not that of the certificate in " + certificate);
        assertRefused(
                Map.of("http.tls.certificate", certificate.toString(), "http.tls.key", rsaKey.toString()),
                "it is no EC key");
        assertRefused(
                Map.of("http.tls.certificate", certificate.toString(), "http.tls.key", oldKey.toString()),
                "openssl pkcs8 -topk8");
        assertRefused(
                Map.of("http.tls.certificate", server.store().toString(), "http.tls.password", "wrong"),
                "cannot read " + server.store());
    }

    private static void assertRefused(Map<String, String> settings, String message) {
        assertThatThrownBy(() -> start(settings)).hasMessageContaining(message);
    }
}
