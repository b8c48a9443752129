package org.imagesearch.server.tls;

import java.io.IOException;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.imagesearch.core.ImageSearchException;
import org.imagesearch.server.access.ChangedFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Encrypts connections to nodes, each of which must show a certificate of its name. Thread-safe. */
public final class TlsClient {
    private static final Logger LOG = LoggerFactory.getLogger(TlsClient.class);

    /**
     * Such a connection stays open for weeks. In TLS 1.3 its keys are changed after 128 GiB, on which the node's side, Undertow's, never
     * comes to an end; in TLS 1.2 they stay.
     */
    private static final String PROTOCOL = "TLSv1.2";

    private static final Pattern NUMERIC = Pattern.compile("[0-9.]+|.*:.*");

    private final TlsFiles files;
    private final ChangedFiles changed;
    private volatile SSLContext context;

    /**
     * Reads the files.
     *
     * @param settings with TLS on
     * @throws ImageSearchException (input) naming the file, if one cannot be read, or the key is not the certificate's
     */
    public TlsClient(TlsClientSettings settings) {
        files = new TlsFiles(settings);
        changed = new ChangedFiles(files.paths());
        context = files.context();
    }

    /**
     * Whether a connection is as {@link #over} makes it.
     *
     * @param protocol name of a version of TLS
     */
    public static boolean speaks(String protocol) {
        return protocol.equals(PROTOCOL);
    }

    /**
     * Takes files that have changed, and looked the same at two calls, for connections from now on. Files that are wrong change nothing,
     * and the log says why.
     *
     * @return whether there are others now
     */
    public synchronized boolean look() {
        if (!changed.haveChanged()) {
            return false;
        }
        try {
            context = files.context();
            LOG.info("certificates files={}", files.paths());
            return true;
        } catch (ImageSearchException e) {
            LOG.error("what held before goes on to hold: {}", e.getMessage());
            return false;
        }
    }

    /** Whether a server that showed these certificates, its own first, is vouched for by the files as they are; its name aside. */
    public boolean accepts(List<X509Certificate> certificates) {
        return files.acceptServer(certificates);
    }

    /**
     * Goes on encrypted over a connection that is open. When this returns, each side has accepted what the other one showed.
     *
     * @param name that the certificate must be of, or a numeric address
     * @throws IOException telling what is wrong with the certificate, or why there is no TLS with that side
     */
    public SSLSocket over(Socket open, String name, int port) throws IOException {
        SSLContext current = context;
        SSLSocket socket = (SSLSocket) current.getSocketFactory().createSocket(open, name, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setProtocols(new String[] {PROTOCOL});
        parameters.setCipherSuites(TlsFiles.ciphers(current).toArray(String[]::new));
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        serverName(name).ifPresent(known -> parameters.setServerNames(List.of(known)));
        socket.setSSLParameters(parameters);
        try {
            socket.startHandshake();
        } catch (SSLException e) {
            throw new IOException(reason(name, e), e);
        }
        return socket;
    }

    /** What a server of many names is told; Java itself leaves out names without a dot. */
    private static Optional<SNIServerName> serverName(String name) {
        if (NUMERIC.matcher(name).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(new SNIHostName(name));
        } catch (IllegalArgumentException e) {
            // Has an underscore, or ends in a dot: good for looking up, and not for this.
            return Optional.empty();
        }
    }

    /** Why no connection with a server of this name came about, as the log tells it. */
    static String reason(String name, SSLException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            // Java says of it that a "validity check failed", and what that was further in.
            if (cause instanceof CertificateExpiredException) {
                return "its certificate is not accepted for " + name + ": it has expired, " + cause.getMessage();
            }
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException) {
                return "its certificate is not accepted for " + name + ": " + cause.getMessage();
            }
        }
        return "no TLS with " + name + ": " + e.getMessage();
    }
}
