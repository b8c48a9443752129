package org.imagesearch.server.tls;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** The files of the settings, and what they make. */
public final class TlsFiles {
    /** What is older has known weaknesses. */
    public static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    private final TlsSettings settings;

    /** @param settings with TLS on */
    public TlsFiles(TlsSettings settings) {
        this.settings = settings;
    }

    /** All of them, to see when they change. */
    public List<Path> paths() {
        List<Path> paths = new ArrayList<>();
        for (String file : List.of(settings.certificate(), settings.key(), settings.clientTrust())) {
            if (!file.isEmpty()) {
                paths.add(Path.of(file));
            }
        }
        return paths;
    }

    /**
     * Reads the files.
     *
     * @throws ImageSearchException (input) naming the file, if one cannot be read, or the key is not the certificate's
     */
    public SSLContext context() {
        Path certificate = Path.of(settings.certificate());
        Identity identity = KeyFiles.identity(
                certificate, settings.key().isEmpty() ? certificate : Path.of(settings.key()), settings.password());
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(identity.keyManagers(), trustManagers(), new SecureRandom());
            return context;
        } catch (GeneralSecurityException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot use " + identity + ": " + e.getMessage(), e);
        }
    }

    /** Who signs certificates of clients: those of the file, none of those that every browser knows. */
    private TrustManager[] trustManagers() throws GeneralSecurityException {
        KeyStore trusted = KeyFiles.emptyStore();
        if (!settings.clientTrust().isEmpty()) {
            int number = 0;
            for (X509Certificate one : KeyFiles.certificates(Path.of(settings.clientTrust()), settings.password())) {
                trusted.setCertificateEntry("trusted-" + number++, one);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(trusted);
        return factory.getTrustManagers();
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
