package org.imagesearch.server.nodes;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocket;
import org.imagesearch.server.tls.TlsClient;
import org.imagesearch.server.tls.TlsFiles;

/** Opens connections to nodes: a request over HTTP, or HTTPS, asks to go on in our protocol. Thread-safe. */
final class Dialler {
    private static final int TIMEOUT_MILLIS = 2_000;
    private static final int MAX_HEAD_BYTES = 16 << 10;

    /** An error of ours is shorter than that many digits say. */
    private static final Pattern CONTENT_LENGTH = Pattern.compile("(?im)^Content-Length: *(\\d{1,4})\\s*$");

    private static final ObjectMapper JSON = new ObjectMapper();

    private final SocketFactory sockets;
    private final String secret;
    private final Optional<TlsClient> tls;

    /**
     * @param secret what nodes want to be shown; empty if nothing
     * @param tls what encrypts connections; empty for none that are
     */
    Dialler(SocketFactory sockets, String secret, Optional<TlsClient> tls) {
        this.sockets = sockets;
        this.secret = secret;
        this.tls = tls;
    }

    /**
     * Looks whether there are other certificates; to be called now and then.
     *
     * @return whether there are
     */
    boolean look() {
        return tls.isPresent() && tls.get().look();
    }

    /** Whether a node that showed these certificates, its own first, would be spoken to now. */
    boolean accepts(List<X509Certificate> certificates) {
        return tls.isEmpty() || tls.get().accepts(certificates);
    }

    /** @throws IOException telling why the node cannot be reached, or what it answered */
    OpenConnection dial(NodeAddress address) throws IOException {
        Socket socket = sockets.createSocket();
        try {
            socket.connect(new InetSocketAddress(address.host(), address.port()), TIMEOUT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MILLIS);
            Socket spoken = tls.isPresent() ? tls.get().over(socket, address.name(), address.port()) : socket;
            spoken.getOutputStream().write(opening(address));
            spoken.getOutputStream().flush();
            requireAgreed(head(spoken.getInputStream()), spoken.getInputStream());
            // From here on it is the pings that tell whether the node is still there.
            socket.setSoTimeout(0);
            // Closed without a farewell in TLS, which would wait for what is being written, perhaps to a node that
            // reads nothing.
            return new OpenConnection(
                    address.toString(),
                    spoken instanceof SSLSocket encrypted ? TlsFiles.shown(encrypted.getSession()) : List.of(),
                    spoken.getInputStream(),
                    spoken.getOutputStream(),
                    socket);
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    private byte[] opening(NodeAddress address) {
        return ("GET /node HTTP/1.1\r\nHost: " + address.authority() + "\r\nConnection: Upgrade\r\nUpgrade: "
                        + Message.PROTOCOL + "\r\n"
                        + (secret.isEmpty() ? "" : "Authorization: Bearer " + secret + "\r\n") + "\r\n")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** To the empty line and not a byte further: what follows is frames. */
    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.length() < MAX_HEAD_BYTES) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("it closed the connection instead of answering");
            }
            head.append((char) next);
            if (head.length() >= 4 && head.substring(head.length() - 4).equals("\r\n\r\n")) {
                return head.toString();
            }
        }
        throw new IOException("its answer has no end");
    }

    private static void requireAgreed(String head, InputStream rest) throws IOException {
        String first = head.lines().findFirst().orElse("");
        if (!first.startsWith("HTTP/1.1 101")) {
            throw new IOException(
                    "it answers '" + first + "' instead of changing to " + Message.PROTOCOL + why(head, rest));
        }
    }

    /** The message of a node that refuses: without what differs from answer to answer, for the same reason is told once. */
    private static String why(String head, InputStream in) {
        Matcher length = CONTENT_LENGTH.matcher(head);
        if (!length.find()) {
            return "";
        }
        try {
            String message = JSON.readTree(in.readNBytes(Integer.parseInt(length.group(1))))
                    .at("/error/message")
                    .asText();
            return message.isEmpty() ? "" : ": " + message.replaceAll("\\p{Cntrl}", " ");
        } catch (IOException e) {
            // Something that is no node of ours answers.
            return "";
        }
    }
}
