package org.imagesearch.server.tls;

import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/**
 * A private key and the certificates that go with it, its own first.
 *
 * @param source the file, for messages
 */
record Identity(Path source, PrivateKey key, List<X509Certificate> chain) {
    private static final String ALIAS = "server";

    /** @throws ImageSearchException (input) naming the file, if the key is not the certificate's */
    Identity {
        if (chain.isEmpty()) {
            throw ImageSearchException.input("%s holds no certificate", source);
        }
        chain = List.copyOf(chain);
        requirePair(source, key, chain.get(0).getPublicKey());
    }

    /** Of a PKCS #12 file. */
    static Identity ofStore(Path file, String password) {
        KeyStore store = KeyFiles.store(file, password);
        try {
            for (String alias : Collections.list(store.aliases())) {
                if (store.getKey(alias, password.toCharArray()) instanceof PrivateKey key) {
                    Certificate[] chain = store.getCertificateChain(alias);
                    return new Identity(
                            file,
                            key,
                            Arrays.stream(chain)
                                    .map(X509Certificate.class::cast)
                                    .toList());
                }
            }
        } catch (GeneralSecurityException e) {
            throw new ImageSearchException(
                    ErrorCode.INPUT, "cannot read the key of " + file + ": " + e.getMessage(), e);
        }
        throw ImageSearchException.input("%s holds no private key", file);
    }

    /** The two sign and check a few bytes: else every client would be refused, and nobody told why. */
    private static void requirePair(Path source, PrivateKey key, PublicKey certified) {
        String algorithm =
                switch (key.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> key.getAlgorithm();
                };
        byte[] some = new byte[32];
        new SecureRandom().nextBytes(some);
        boolean fits;
        try {
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(some);
            byte[] signed = signature.sign();
            signature.initVerify(certified);
            signature.update(some);
            fits = signature.verify(signed);
        } catch (GeneralSecurityException e) {
            fits = false;
        }
        if (!fits) {
            throw ImageSearchException.input("the private key is not that of the certificate in %s", source);
        }
    }

    KeyManager[] keyManagers() throws GeneralSecurityException {
        KeyStore store = KeyFiles.emptyStore();
        char[] password = new char[0];
        store.setKeyEntry(ALIAS, key, password, chain.toArray(Certificate[]::new));
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, password);
        return factory.getKeyManagers();
    }

    /** When the first of the certificates is good no more. */
    Instant end() {
        return chain.stream()
                .map(one -> one.getNotAfter().toInstant())
                .min(Comparator.naturalOrder())
                .get();
    }

    /** Names nothing of the key. */
    @Override
    public String toString() {
        return source + " (" + chain.get(0).getSubjectX500Principal() + ")";
    }
}
