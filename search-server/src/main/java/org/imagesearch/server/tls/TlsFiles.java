package org.imagesearch.server.tls;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** The files of the settings, and what they make. */
public final class TlsFiles {
    /** What is older has known weaknesses. */
    public static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    /** As Java's trust managers call a connection whose way of agreeing on keys is not known any more. */
    private static final String ANY_KEY_EXCHANGE = "UNKNOWN";

    private final String certificate;
    private final String key;
    private final String password;
    private final String trust;
    private volatile Instant end = Instant.MAX;

    /** @param settings with TLS on */
    public TlsFiles(TlsSettings settings) {
        this(settings.certificate(), settings.key(), settings.password(), settings.clientTrust());
    }

    /** @param settings with TLS on */
    public TlsFiles(TlsClientSettings settings) {
        this(settings.certificate(), settings.key(), settings.password(), settings.trust());
    }

    private TlsFiles(String certificate, String key, String password, String trust) {
        this.certificate = certificate;
        this.key = key;
        this.password = password;
        this.trust = trust;
    }

    /** All of them, to see when they change. */
    public List<Path> paths() {
        return Stream.of(certificate, key, trust)
                .filter(file -> !file.isEmpty())
                .map(Path::of)
                .toList();
    }

    /**
     * Reads the files.
     *
     * @throws ImageSearchException (input) naming the file, if one cannot be read, or the key is not the certificate's
     */
    public SSLContext context() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers(), trustManagers(), new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot use " + paths() + ": " + e.getMessage(), e);
        }
    }

    /** When the certificate that was read last is good no more, or one that it is signed with; far off if there is none. */
    public Instant end() {
        return end;
    }

    private KeyManager[] keyManagers() throws GeneralSecurityException {
        if (certificate.isEmpty()) {
            return new KeyManager[0];
        }
        Path file = Path.of(certificate);
        Identity identity = KeyFiles.identity(file, key.isEmpty() ? file : Path.of(key), password);
        KeyManager[] managers = identity.keyManagers();
        end = identity.end();
        return managers;
    }

    /** Who signs certificates of the other side: those of the file, none of those that every browser knows. */
    private TrustManager[] trustManagers() throws GeneralSecurityException {
        KeyStore trusted = KeyFiles.emptyStore();
        if (!trust.isEmpty()) {
            int number = 0;
            for (X509Certificate one : KeyFiles.certificates(Path.of(trust), password)) {
                trusted.setCertificateEntry("trusted-" + number++, one);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        return Arrays.stream(factory.getTrustManagers())
                .map(manager -> new DatedTrust((X509ExtendedTrustManager) manager))
                .toArray(TrustManager[]::new);
    }

    /**
     * Whether a client that showed these certificates would be let in by the files as they are.
     *
     * @param certificates its own first
     * @throws ImageSearchException (input) naming the file, if one cannot be read
     */
    public boolean acceptClient(List<X509Certificate> certificates) {
        return accept(
                (trust, chain) ->
                        trust.checkClientTrusted(chain, chain[0].getPublicKey().getAlgorithm()),
                certificates);
    }

    /** The same of a server; its name is not looked at. */
    public boolean acceptServer(List<X509Certificate> certificates) {
        return accept((trust, chain) -> trust.checkServerTrusted(chain, ANY_KEY_EXCHANGE), certificates);
    }

    private interface Check {
        void of(X509TrustManager trust, X509Certificate[] chain) throws CertificateException;
    }

    private boolean accept(Check check, List<X509Certificate> certificates) {
        X509Certificate[] chain = certificates.toArray(X509Certificate[]::new);
        try {
            for (TrustManager trust : trustManagers()) {
                check.of((X509TrustManager) trust, chain);
            }
            return true;
        } catch (CertificateException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot use " + trust + ": " + e.getMessage(), e);
        }
    }

    /** The certificates that the other side of a connection has shown, its own first; none if it has shown none. */
    public static List<X509Certificate> shown(SSLSession session) {
        try {
            return Arrays.stream(session.getPeerCertificates())
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (SSLPeerUnverifiedException e) {
            return List.of();
        }
    }

    /** Those of a context that keep what was said secret even from who gets the key later, and tell what was tampered with. */
    public static List<String> ciphers(SSLContext context) {
        return Arrays.stream(context.getDefaultSSLParameters().getCipherSuites())
                .filter(suite -> suite.startsWith("TLS_AES_")
                        || suite.startsWith("TLS_CHACHA20_")
                        || (suite.startsWith("TLS_ECDHE_")
                                && (suite.contains("_GCM_") || suite.contains("_CHACHA20_"))))
                .toList();
    }
}
