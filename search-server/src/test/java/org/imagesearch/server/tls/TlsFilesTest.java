package org.imagesearch.server.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TlsFilesTest {
    @TempDir
    static Path folder;

    private static Certificates elliptic;
    private static Path certificate;

    @BeforeAll
    static void makeOne() throws IOException {
        elliptic = Certificates.make(folder, "elliptic", "EC");
        certificate = Files.writeString(folder.resolve("tls.crt"), elliptic.certificatePem());
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void pemFilesDoWithTheKeyBesideOrWithinAndStoresToo(String algorithm) throws IOException {
        Certificates made = Certificates.make(folder, "made", algorithm);
        Path alone = Files.writeString(folder.resolve("alone.crt"), made.certificatePem());
        Path key = Files.writeString(folder.resolve("alone.key"), made.keyPem());
        Path both = Files.writeString(folder.resolve("both.pem"), made.keyPem() + made.certificatePem());

        assertThat(files(alone, key, "").context().getProtocol()).isEqualTo("TLS");
        assertThat(files(both, null, "").context().getProtocol()).isEqualTo("TLS");
        assertThat(files(made.store(), null, Certificates.PASSWORD).context().getProtocol())
                .isEqualTo("TLS");
        assertThat(TlsFiles.ciphers(files(both, null, "").context()))
                .contains("TLS_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
                .noneMatch(suite -> suite.contains("_CBC_") || suite.startsWith("TLS_RSA_"));
    }

    @Test
    void filesThatCannotServeAreNamed() throws IOException {
        Path rsaKey = Files.writeString(
                folder.resolve("rsa.key"),
                Certificates.make(folder, "rsa", "RSA").keyPem());
        Path otherKey = Files.writeString(
                folder.resolve("other.key"),
                Certificates.make(folder, "other", "EC").keyPem());
        Path oldKey = Files.writeString(
                folder.resolve("old.key"), elliptic.keyPem().replace("PRIVATE KEY", "RSA PRIVATE KEY"));
        Path nothing = Files.writeString(folder.resolve("nothing"), "none");
        Path none = folder.resolve("none");

        assertRefused(files(none, null, ""), "cannot read " + none);
        assertRefused(files(nothing, null, ""), nothing + " holds no certificate");
        assertRefused(files(certificate, null, ""), certificate + " holds no private key");
        assertRefused(
                files(certificate, otherKey, ""), "the private key is not that of the certificate in " + certificate);
        assertRefused(files(certificate, rsaKey, ""), "it is no EC key, as the certificate's is");
        assertRefused(files(certificate, oldKey, ""), "openssl pkcs8 -topk8");
        assertRefused(files(elliptic.store(), null, "wrong"), "cannot read " + elliptic.store());
    }

    @Test
    void aCertificateThatStandsAmongTheTrustedIsTakenWithinItsDatesAlone() throws IOException {
        Certificates old = Certificates.makeExpired(folder, "expired");
        Path trusted =
                Files.writeString(folder.resolve("trusted.pem"), elliptic.certificatePem() + old.certificatePem());
        TlsFiles files = new TlsFiles(new TlsClientSettings(trusted.toString(), "", "", ""));

        assertThat(files.acceptServer(List.of(elliptic.certificate()))).isTrue();
        assertThat(files.acceptClient(List.of(elliptic.certificate()))).isTrue();
        assertThat(files.acceptServer(List.of(old.certificate()))).isFalse();
        assertThat(files.acceptClient(List.of(old.certificate()))).isFalse();
    }

    @Test
    void thePasswordIsInNoText() {
        assertThat(new TlsSettings("a", "", "secret-word", ClientAuth.NONE, "").toString())
                .doesNotContain("secret-word");
        assertThat(new TlsClientSettings("a", "", "", "secret-word").toString()).doesNotContain("secret-word");
    }

    private static TlsFiles files(Path certificate, Path key, String password) {
        return new TlsFiles(new TlsSettings(
                certificate.toString(), key == null ? "" : key.toString(), password, ClientAuth.NONE, ""));
    }

    private static void assertRefused(TlsFiles files, String message) {
        assertThatThrownBy(files::context)
                .isInstanceOfSatisfying(
                        ImageSearchException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INPUT))
                .hasMessageContaining(message);
    }
}
