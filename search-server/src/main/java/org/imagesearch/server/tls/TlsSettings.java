package org.imagesearch.server.tls;

import java.util.Locale;
import org.imagesearch.core.ImageSearchException;

/**
 * How connections are encrypted.
 *
 * @param certificate file with the certificate and those that it is signed with: PKCS #12, or PEM; empty for no TLS
 * @param key PEM file with the private key in PKCS #8; empty if it is in the certificate's file
 * @param password of a PKCS #12 file
 * @param clientAuth whether clients show certificates
 * @param clientTrust file with the certificates, PEM or PKCS #12, that clients' certificates must be signed with
 */
public record TlsSettings(String certificate, String key, String password, ClientAuth clientAuth, String clientTrust) {
    /** @throws ImageSearchException (input) naming the setting that does not go with the others */
    public TlsSettings {
        if (certificate.isEmpty() && (!key.isEmpty() || clientAuth != ClientAuth.NONE)) {
            throw ImageSearchException.input(
                    "setting serve.http.tls.certificate is empty, expected a file: the settings beside it want TLS");
        }
        if ((clientAuth == ClientAuth.NONE) != clientTrust.isEmpty()) {
            throw ImageSearchException.input(
                    "setting serve.http.tls.client-trust is '%s' with client-auth = %s, expected a file for request and"
                            + " require, nothing for none",
                    clientTrust, clientAuth.name().toLowerCase(Locale.ROOT));
        }
    }

    /** Whether there is TLS. */
    public boolean isOn() {
        return !certificate.isEmpty();
    }

    /** Without what nobody should read in a log. */
    @Override
    public String toString() {
        return "TlsSettings[certificate=" + certificate + ", key=" + key + ", password="
                + (password.isEmpty() ? "" : "***") + ", clientAuth=" + clientAuth + ", clientTrust=" + clientTrust
                + "]";
    }
}
