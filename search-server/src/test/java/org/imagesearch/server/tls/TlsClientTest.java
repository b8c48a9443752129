package org.imagesearch.server.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class TlsClientTest {
    /** As Java nests them. */
    @Test
    void ofACertificateThatHasExpiredThatIsTold() {
        CertificateExpiredException expired = new CertificateExpiredException("NotAfter: Thu Nov 26 01:07:34 UTC 2026");
        SSLException handshake = new SSLHandshakeException("PKIX path validation failed");
        handshake.initCause(new CertificateException(
                "PKIX path validation failed", new CertPathValidatorException("validity check failed", expired)));

        assertThat(TlsClient.reason("node1", handshake))
                .isEqualTo(
                        "its certificate is not accepted for node1: it has expired, NotAfter: Thu Nov 26 01:07:34 UTC 2026");
    }

    @Test
    void whatElseIsWrongWithOneIsToldToo() {
        SSLException handshake = new SSLHandshakeException("outer");
        handshake.initCause(new CertificateException("No name matching node2 found"));

        assertThat(TlsClient.reason("node2", handshake))
                .isEqualTo("its certificate is not accepted for node2: No name matching node2 found");
        assertThat(TlsClient.reason("node3", new SSLException("Unsupported or unrecognized SSL message")))
                .isEqualTo("no TLS with node3: Unsupported or unrecognized SSL message");
    }
}
