package org.imagesearch.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import javax.net.ssl.SSLSocket;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.Visitor.Reply;
import org.imagesearch.server.nodes.NodeService;
import org.imagesearch.server.tls.Certificates;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Brokers and nodes that speak TLS, with real certificates. */
class NodesTlsTest {
    private static final String SECRET = "a-secret-of-nodes";
    private static final String SEARCH = "/search?text=car&k=90&nprobe=8&partial=false";

    @TempDir
    static Path folder;

    private static Certificates ofNode;
    private static Certificates ofBroker;
    private static Certificates ofStranger;

    private final List<SearchServer> servers = new ArrayList<>();

    @BeforeAll
    static void prepare() throws IOException {
        SmallIndex.publish(folder.resolve("index"), 1, 73, 90, 2);
        ofNode = made("node", "dns:localhost");
        ofBroker = made("broker", "dns:broker.example");
        ofStranger = made("stranger", "dns:localhost");
    }

    /** Its files are NAME.crt and NAME.key. */
    private static Certificates made(String name, String names) throws IOException {
        Certificates made = Certificates.make(folder, name, "EC", names);
        write(made, name);
        return made;
    }

    private static void write(Certificates made, String name) throws IOException {
        Files.writeString(folder.resolve(name + ".crt"), made.certificatePem());
        Files.writeString(folder.resolve(name + ".key"), made.keyPem());
    }

    private static String file(String name) {
        return folder.resolve(name).toString();
    }

    @AfterEach
    void stop() {
        servers.forEach(SearchServer::close);
    }

    private SearchServer start(Map<String, String> settings) {
        SearchServer server = TestServers.start(folder.resolve("index"), settings);
        servers.add(server);
        return server;
    }

    private SearchServer node(Map<String, String> more) {
        return node("node", more);
    }

    private SearchServer node(String name, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("http.tls.certificate", file(name + ".crt"));
        settings.put("http.tls.key", file(name + ".key"));
        return start(settings);
    }

    /** A node that asks brokers for the certificate of ours. */
    private SearchServer nodeWithTrust(String clientAuth, Map<String, String> more) {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("http.tls.client-auth", clientAuth);
        settings.putIfAbsent("http.tls.client-trust", file("broker.crt"));
        settings.put("nodes.accept-certificates", "true");
        return node(settings);
    }

    private Visitor broker(String host, Map<String, String> more, SearchServer... nodes) {
        Map<String, String> settings = new HashMap<>(Map.of("nodes.await", "0 s", "nodes.tls.trust", file("node.crt")));
        settings.putAll(more);
        settings.put(
                "nodes.addresses",
                String.join(
                        ",",
                        List.of(nodes).stream()
                                .map(node -> host + ":" + node.address().getPort())
                                .toList()));
        return new Visitor(start(settings).address());
    }

    private static Map<String, String> withCertificate(String name) {
        return Map.of("nodes.tls.certificate", file(name + ".crt"), "nodes.tls.key", file(name + ".key"));
    }

    private static void assertFinds(Visitor broker) {
        TestServers.await("the nodes are known", () -> broker.get(SEARCH).status() == 200);
        assertThat(broker.get(SEARCH).ids()).hasSize(90);
    }

    private static void assertTold(LogCapture log, SearchServer node, String reason) {
        String address = "node unreachable address=127.0.0.1:" + node.address().getPort();
        TestServers.await(address + " " + reason, () -> log.lines().stream()
                .anyMatch(line -> line.contains(address) && line.contains(reason)));
    }

    @Test
    void aBrokerFindsOverTlsWhatOneServerFindsByItself() {
        Visitor alone = new Visitor(start(Map.of()).address());
        Visitor broker = broker(
                "localhost",
                Map.of("nodes.await", "10 s"),
                node(Map.of("index.shards", "0")),
                node(Map.of("index.shards", "1")));
        String large = "/search?text=carro+rojo&k=90&nprobe=8&withVectors=true&partial=false";
        JsonNode expected = withoutTimes(alone.get(large));

        assertThat(withoutTimes(broker.get(large))).isEqualTo(expected);
        List<CompletableFuture<JsonNode>> many = IntStream.range(0, 8)
                .mapToObj(i -> CompletableFuture.supplyAsync(
                        () -> withoutTimes(broker.get(large)), task -> new Thread(task, "asking").start()))
                .toList();
        many.forEach(answer -> assertThat(answer.join()).isEqualTo(expected));
        assertThat(broker.get("/vectors/1000").body())
                .isEqualTo(alone.get("/vectors/1000").body());
    }

    private static JsonNode withoutTimes(Reply reply) {
        assertThat(reply.status()).as(reply.text()).isEqualTo(200);
        return ((ObjectNode) reply.json()).without("took");
    }

    @Test
    void aNodeIsAskedOnlyByTheNameThatItsCertificateIsOf() {
        SearchServer node = node(Map.of());
        try (LogCapture log = new LogCapture()) {
            Visitor broker = broker("127.0.0.1", Map.of(), node);

            assertTold(log, node, "its certificate is not accepted for 127.0.0.1: ");
            assertThat(broker.get(SEARCH).status()).isEqualTo(503);
        }
        assertFinds(broker("localhost", Map.of(), node));
    }

    @Test
    void aNodeWhoseCertificateNobodyTrustsIsNotAsked() {
        SearchServer node = node("stranger", Map.of());
        try (LogCapture log = new LogCapture()) {
            Visitor broker = broker("localhost", Map.of(), node);

            assertTold(log, node, "its certificate is not accepted for localhost: ");
            assertThat(broker.get(SEARCH).status()).isEqualTo(503);
        }
    }

    @Test
    void aNodeWhoseCertificateIsOutOfDateIsNotAskedThoughItIsTrusted() throws IOException {
        write(Certificates.makeExpired(folder, "expired"), "expired");
        SearchServer node = node("expired", Map.of());
        try (LogCapture log = new LogCapture()) {
            Visitor broker = broker("localhost", Map.of("nodes.tls.trust", file("expired.crt")), node);

            assertTold(log, node, "its certificate is not accepted for localhost: it has expired");
            assertThat(broker.get(SEARCH).status()).isEqualTo(503);
        }
    }

    @Test
    void whereOneSpeaksTlsAndTheOtherDoesNotTheLogSaysSo() {
        SearchServer encrypted = node(Map.of());
        SearchServer plain = start(Map.of());
        try (LogCapture log = new LogCapture()) {
            broker("localhost", Map.of("nodes.tls.trust", ""), encrypted);
            broker("localhost", Map.of(), plain);

            assertTold(log, encrypted, "instead of answering");
            assertTold(log, plain, "no TLS with localhost: ");
        }
    }

    @ParameterizedTest
    @CsvSource({"require, ''", "request, ''", "request, " + SECRET})
    void aCertificateDoesInPlaceOfTheSecret(String clientAuth, String secret) {
        SearchServer node = nodeWithTrust(clientAuth, Map.of("nodes.secret", secret));

        assertFinds(broker("localhost", withCertificate("broker"), node));
    }

    @Test
    void whereCertificatesAreTakenTheSecretStillDoes() {
        SearchServer node = nodeWithTrust("request", Map.of("nodes.secret", SECRET));

        assertFinds(broker("localhost", Map.of("nodes.secret", SECRET), node));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", SECRET})
    void withoutCertificateAndSecretABrokerIsRefused(String secret) {
        SearchServer node = nodeWithTrust("request", Map.of("nodes.secret", secret));
        try (LogCapture log = new LogCapture()) {
            Visitor broker = broker("localhost", Map.of(), node);

            assertTold(log, node, "it answers 'HTTP/1.1 401 Unauthorized'");
            assertThat(broker.get(SEARCH).status()).isEqualTo(503);
        }
        Reply reply = Visitor.over(ofNode.client(), node.address()).get("/node");
        assertThat(reply.status()).isEqualTo(401);
        assertThat(reply.errorMessage()).contains(secret.isEmpty() ? "a certificate" : "serve.nodes.secret");
    }

    @Test
    void aCertificateOfAStrangerIsNoCertificate() {
        SearchServer node = nodeWithTrust("require", Map.of());
        try (LogCapture log = new LogCapture()) {
            Visitor broker = broker("localhost", withCertificate("stranger"), node);

            assertTold(log, node, "no TLS with localhost: ");
            assertThat(broker.get(SEARCH).status()).isEqualTo(503);
        }
        assertThatThrownBy(() ->
                        Visitor.over(ofNode.client(ofStranger), node.address()).get("/node"))
                .hasRootCauseInstanceOf(IOException.class);
    }

    @Test
    void aCertificateIsNoSecretWhereTheNodeDoesNotSaySo() {
        SearchServer node = node(Map.of(
                "http.tls.client-auth",
                "request",
                "http.tls.client-trust",
                file("broker.crt"),
                "nodes.secret",
                SECRET));

        assertThat(Visitor.over(ofNode.client(ofBroker), node.address())
                        .get("/node")
                        .status())
                .isEqualTo(401);
    }

    /** Undertow hangs where TLS 1.3 changes keys, which it does on connections that stay open for long. */
    @Test
    void aBrokerIsNotServedOverTlsThatChangesItsKeys() throws IOException {
        SearchServer node = node(Map.of());
        String request = "GET /node HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: " + NodeService.protocol()
                + "\r\n\r\n";
        try (SSLSocket socket = (SSLSocket) ofNode.client()
                .getSocketFactory()
                .createSocket("localhost", node.address().getPort())) {
            socket.setEnabledProtocols(new String[] {"TLSv1.3"});
            socket.getOutputStream().write(request.getBytes(US_ASCII));

            Reply reply = Visitor.read(socket);

            assertThat(reply.status()).isEqualTo(400);
            assertThat(reply.errorMessage()).contains("the connection is encrypted with TLSv1.3");
        }
    }

    @Test
    void certificatesThatABrokerTrustsAreFollowedWithoutARestart() throws IOException {
        SearchServer node = node(Map.of());
        Path trust = Files.copy(folder.resolve("stranger.crt"), folder.resolve("trust.crt"));
        try (LogCapture log = new LogCapture()) {
            Visitor broker = broker("localhost", Map.of("nodes.tls.trust", trust.toString()), node);
            assertTold(log, node, "its certificate is not accepted for localhost: ");

            Files.writeString(trust, "nothing");
            TestServers.await("it is seen and refused", () -> log.lines().stream()
                    .anyMatch(line -> line.contains(trust + " holds no certificate")));
            replace(trust, ofNode.certificatePem());

            assertFinds(broker);
        }
    }

    @Test
    void aBrokerWhoseCertificateIsWithdrawnIsSentAwayAndOnesThatHoldStay() throws IOException {
        Path trust = Files.copy(folder.resolve("broker.crt"), folder.resolve("clients.crt"));
        SearchServer node = nodeWithTrust("require", Map.of("http.tls.client-trust", trust.toString()));
        Visitor broker = broker("localhost", withCertificate("broker"), node);
        assertFinds(broker);
        try (LogCapture log = new LogCapture()) {
            replace(trust, ofStranger.certificatePem() + ofBroker.certificatePem());
            awaitLine(log, "certificates files=");
            assertThat(log.lines()).noneMatch(line -> line.contains("broker disconnected"));

            replace(trust, ofStranger.certificatePem());
            awaitLine(log, "its certificate is not accepted any more");
            assertTold(log, node, "no TLS with localhost: ");
            assertThat(broker.get(SEARCH).status()).isEqualTo(503);
        }
    }

    @Test
    void aNodeWhoseCertificateIsWithdrawnIsNotAskedAnyMore() throws IOException {
        SearchServer node = node(Map.of());
        Path trust = Files.copy(folder.resolve("node.crt"), folder.resolve("nodes.crt"));
        Visitor broker = broker("localhost", Map.of("nodes.tls.trust", trust.toString()), node);
        assertFinds(broker);
        try (LogCapture log = new LogCapture()) {
            replace(trust, ofStranger.certificatePem());

            awaitLine(log, "reason=\"its certificate is not accepted any more\"");
            assertTold(log, node, "its certificate is not accepted for localhost: ");
            assertThat(broker.get(SEARCH).status()).isEqualTo(503);
        }
    }

    private static void replace(Path file, String content) throws IOException {
        Path renewed = Files.writeString(folder.resolve("renewed.pem"), content);
        Files.move(renewed, file, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void awaitLine(LogCapture log, String part) {
        TestServers.await(part, () -> log.lines().stream().anyMatch(line -> line.contains(part)));
    }

    @Test
    void settingsThatDoNotGoTogetherAreNamed() {
        assertThatThrownBy(() -> start(Map.of("nodes.accept-certificates", "true")))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("serve.nodes.accept-certificates is true, expected false");
        assertThatThrownBy(() -> start(Map.of("nodes.tls.certificate", file("broker.crt"))))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("serve.nodes.tls.trust is empty");
        assertThatThrownBy(
                        () -> start(Map.of("nodes.tls.trust", file("node.crt"), "nodes.tls.key", file("broker.key"))))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("serve.nodes.tls.certificate is empty");
        assertThatThrownBy(() -> start(Map.of("nodes.addresses", "localhost:1", "nodes.tls.trust", file("none"))))
                .isInstanceOf(ImageSearchException.class)
                .hasMessageContaining("cannot read " + file("none"));
    }

    @Test
    void neitherKeysNorSecretsAreLogged() {
        try (LogCapture log = new LogCapture()) {
            assertFinds(broker(
                    "localhost",
                    Map.of(
                            "nodes.secret",
                            SECRET,
                            "nodes.tls.certificate",
                            ofBroker.store().toString(),
                            "nodes.tls.password",
                            Certificates.PASSWORD),
                    node(Map.of("nodes.secret", SECRET))));

            assertThat(log.lines()).noneMatch(line -> line.contains(SECRET) || line.contains(Certificates.PASSWORD));
        }
    }
}
