package org.imagesearch.server.tls;

import org.imagesearch.core.ImageSearchException;

/**
 * How connections to nodes are encrypted.
 *
 * @param trust file with the certificates, PEM or PKCS #12, that those of nodes must be signed with; empty for no TLS
 * @param certificate file with the certificate to show and those that it is signed with: PKCS #12, or PEM; empty to show none
 * @param key PEM file with the private key in PKCS #8; empty if it is in the certificate's file
 * @param password of a PKCS #12 file
 */
public record TlsClientSettings(String trust, String certificate, String key, String password) {
    /** @throws ImageSearchException (input) naming the setting that does not go with the others */
    public TlsClientSettings {
        if (trust.isEmpty() && !certificate.isEmpty()) {
            throw ImageSearchException.input(
                    "setting serve.nodes.tls.trust is empty, expected a file: the certificate beside it wants TLS");
        }
        if (certificate.isEmpty() && !key.isEmpty()) {
            throw ImageSearchException.input(
                    "setting serve.nodes.tls.certificate is empty, expected a file: there is a key for it");
        }
    }

    /** Whether there is TLS. */
    public boolean isOn() {
        return !trust.isEmpty();
    }

    /** Without what nobody should read in a log. */
    @Override
    public String toString() {
        return "TlsClientSettings[trust=" + trust + ", certificate=" + certificate + ", key=" + key + ", password="
                + (password.isEmpty() ? "" : "***") + "]";
    }
}
