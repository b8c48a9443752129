package org.imagesearch.server.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.imagesearch.core.ErrorCode;
import org.imagesearch.core.ImageSearchException;

/** Reads certificates and private keys: PKCS #12, told by its first byte, and PEM. Every refusal names the file. */
final class KeyFiles {
    private static final Pattern PEM_BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----", Pattern.DOTALL);
    private static final String CERTIFICATE = "CERTIFICATE";
    private static final String PRIVATE_KEY = "PRIVATE KEY";

    /** Far more than any chain takes. */
    private static final long MOST_BYTES = 1 << 20;

    /** Of the outermost element of a PKCS #12 file. */
    private static final int DER_SEQUENCE = 0x30;

    private KeyFiles() {}

    private record Block(String kind, byte[] bytes) {}

    /** @param key file of the key, or that of the certificate itself */
    static Identity identity(Path certificate, Path key, String password) {
        if (isStore(certificate)) {
            return Identity.ofStore(certificate, password);
        }
        List<X509Certificate> chain = pemCertificates(certificate);
        if (chain.isEmpty()) {
            throw ImageSearchException.input("%s holds no certificate", certificate);
        }
        String algorithm = chain.get(0).getPublicKey().getAlgorithm();
        return new Identity(certificate, pemKey(key, algorithm), chain);
    }

    /** All certificates of a file. */
    static List<X509Certificate> certificates(Path file, String password) {
        List<X509Certificate> found = isStore(file) ? storedCertificates(file, password) : pemCertificates(file);
        if (found.isEmpty()) {
            throw ImageSearchException.input("%s holds no certificate", file);
        }
        return found;
    }

    private static List<X509Certificate> storedCertificates(Path file, String password) {
        try {
            KeyStore store = store(file, password);
            List<X509Certificate> found = new ArrayList<>();
            for (String alias : Collections.list(store.aliases())) {
                Certificate certificate = store.getCertificate(alias);
                if (certificate instanceof X509Certificate x509) {
                    found.add(x509);
                }
            }
            return found;
        } catch (GeneralSecurityException e) {
            throw unreadable(file, e);
        }
    }

    private static List<X509Certificate> pemCertificates(Path file) {
        List<X509Certificate> found = new ArrayList<>();
        for (Block block : blocks(file)) {
            if (block.kind().equals(CERTIFICATE)) {
                found.add(certificate(file, block.bytes()));
            }
        }
        return found;
    }

    private static X509Certificate certificate(Path file, byte[] der) {
        try {
            return (X509Certificate)
                    CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        } catch (CertificateException e) {
            throw unreadable(file, e);
        }
    }

    private static PrivateKey pemKey(Path file, String algorithm) {
        for (Block block : blocks(file)) {
            if (block.kind().equals(PRIVATE_KEY)) {
                try {
                    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(block.bytes()));
                } catch (GeneralSecurityException e) {
                    // Its own message might repeat some of the key.
                    throw ImageSearchException.input(
                            "cannot read the private key in %s: it is no %s key, as the certificate's is",
                            file, algorithm);
                }
            }
            if (block.kind().endsWith(PRIVATE_KEY)) {
                throw ImageSearchException.input(
                        "%s holds an '%s', expected a 'PRIVATE KEY' (PKCS #8, not encrypted):"
                                + " openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW makes one",
                        file, block.kind());
            }
        }
        throw ImageSearchException.input("%s holds no private key", file);
    }

    private static List<Block> blocks(Path file) {
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = PEM_BLOCK.matcher(new String(bytes(file), StandardCharsets.ISO_8859_1));
        while (matcher.find()) {
            try {
                blocks.add(new Block(matcher.group(1), Base64.getMimeDecoder().decode(matcher.group(2))));
            } catch (IllegalArgumentException e) {
                throw ImageSearchException.input("the %s in %s is not base64", matcher.group(1), file);
            }
        }
        return blocks;
    }

    private static boolean isStore(Path file) {
        byte[] bytes = bytes(file);
        return bytes.length > 0 && bytes[0] == DER_SEQUENCE;
    }

    static KeyStore store(Path file, String password) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(bytes(file)), password.toCharArray());
            return store;
        } catch (IOException | GeneralSecurityException e) {
            throw unreadable(file, e);
        }
    }

    static KeyStore emptyStore() throws GeneralSecurityException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try {
            store.load(null, null);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.INTERNAL, "cannot make a key store in memory", e);
        }
        return store;
    }

    private static byte[] bytes(Path file) {
        try {
            long size = Files.size(file);
            if (size > MOST_BYTES) {
                throw ImageSearchException.input("%s has %d bytes, expected at most %d", file, size, MOST_BYTES);
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new ImageSearchException(ErrorCode.INPUT, "cannot read " + file + ": " + e, e);
        }
    }

    private static ImageSearchException unreadable(Path file, Exception e) {
        return new ImageSearchException(ErrorCode.INPUT, "cannot read " + file + ": " + e.getMessage(), e);
    }
}
