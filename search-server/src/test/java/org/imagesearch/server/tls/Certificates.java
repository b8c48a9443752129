package org.imagesearch.server.tls;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** Certificates of the tests, each signed with itself, made by Java's own keytool. */
public final class Certificates {
    public static final String PASSWORD = "changeit";

    private final Path store;

    private Certificates(Path store) {
        this.store = store;
    }

    /** One for localhost, by name and number. */
    public static Certificates make(Path folder, String name, String algorithm) {
        return make(folder, name, algorithm, "dns:localhost,ip:127.0.0.1");
    }

    /** @param names that it is for, as keytool wants them: {@code dns:localhost,ip:127.0.0.1} */
    public static Certificates make(Path folder, String name, String algorithm, String names) {
        return make(folder, name, algorithm, names, "-0d");
    }

    /** One for localhost that has been out of date for a month. */
    public static Certificates makeExpired(Path folder, String name) {
        return make(folder, name, "EC", "dns:localhost,ip:127.0.0.1", "-60d");
    }

    /** @param start of its 30 days, from now, as keytool wants it: {@code -60d} */
    private static Certificates make(Path folder, String name, String algorithm, String names, String start) {
        Path store = folder.resolve(name + ".p12");
        try {
            Files.deleteIfExists(store);
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair"));
            command.addAll(List.of("-keyalg", algorithm, "-alias", "one", "-dname", "CN=" + name));
            command.addAll(List.of("-startdate", start, "-validity", "30"));
            command.addAll(List.of("-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD));
            command.addAll(List.of("-ext", "san=" + names));
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError(said);
            }
            return new Certificates(store);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    public Path store() {
        return store;
    }

    /** The certificate alone, as PEM. */
    public String certificatePem() {
        try {
            return pem("CERTIFICATE", certificate().getEncoded());
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** The private key, as PEM. */
    public String keyPem() {
        try {
            Key key = keyStore().getKey("one", PASSWORD.toCharArray());
            return pem("PRIVATE KEY", key.getEncoded());
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    public X509Certificate certificate() {
        try {
            return (X509Certificate) keyStore().getCertificate("one");
        } catch (GeneralSecurityException e) {
            throw new AssertionError(e);
        }
    }

    /** What a client has that trusts this certificate alone. */
    public SSLContext client() {
        return client(null);
    }

    /** The same, which shows a certificate too. */
    public SSLContext client(Certificates shown) {
        try {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("server", certificate());
            TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
            trust.init(trusted);
            KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
            keys.init(shown == null ? null : shown.keyStore(), PASSWORD.toCharArray());
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new AssertionError(e);
        }
    }

    private KeyStore keyStore() {
        try (InputStream in = Files.newInputStream(store)) {
            KeyStore read = KeyStore.getInstance("PKCS12");
            read.load(in, PASSWORD.toCharArray());
            return read;
        } catch (GeneralSecurityException | IOException e) {
            throw new AssertionError(e);
        }
    }

    private static String pem(String kind, byte[] der) {
        String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
        return "-----BEGIN " + kind + "-----\n" + base64 + "\n-----END " + kind + "-----\n";
    }
}
